#include "farebench/fetch_error.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace farebench {
namespace {

constexpr auto last_kind = fetch_error_kind::out_of_resources;

TEST(fetch_error, every_kind_has_a_distinct_name) {
  std::set<std::string_view> names;
  for (int kind = 0; kind <= static_cast<int>(last_kind); ++kind) {
    const auto name = to_string(static_cast<fetch_error_kind>(kind));
    EXPECT_FALSE(name.empty());
    EXPECT_NE(name, "unknown");
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_EQ(to_string(static_cast<fetch_error_kind>(static_cast<int>(last_kind) + 1)), "unknown");
}

TEST(fetch_error, description_is_kind_and_detail) {
  EXPECT_EQ(describe({fetch_error_kind::malformed_page, "row 3"}), "malformed_page: row 3");
  EXPECT_EQ(describe({fetch_error_kind::connect_failed, ""}), "connect_failed");
}

}  // namespace
}  // namespace farebench
