#include "tools/soak/run_record.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace farebench::soak {
namespace {

using namespace std::chrono_literals;

TEST(log_line, is_read_as_the_server_writes_it) {
  const auto one = read_log_line(
      R"({"date":"2026-03-01","session":4,"step":2,"attempt":3,"fault":"reset_mid_body","status":200})");
  EXPECT_EQ(one.date, 2026y / 3 / 1);
  EXPECT_EQ(one.session, 4u);
  EXPECT_EQ(one.step, 2);
  EXPECT_EQ(one.attempt, 3u);
  EXPECT_EQ(one.fault, fault_kind::reset_mid_body);
  EXPECT_EQ(one.status, 200);
}

TEST(log_line, leaves_out_what_the_server_does_not_know) {
  const auto one = read_log_line(R"({"date":null,"step":null,"attempt":null,"fault":null,"status":null})");
  EXPECT_FALSE(one.date || one.session || one.fault);
  EXPECT_EQ(one.step, 0);
  EXPECT_EQ(one.attempt, 0u);
  EXPECT_EQ(one.status, 0);
}

TEST(log_line, is_refused_where_it_is_none) {
  for (const char* const line :
       {"", "{}", "[]", R"({"date":"2026-02-30","step":1,"attempt":1,"fault":null,"status":200})",
        R"({"date":null,"step":1,"attempt":1,"fault":"gremlins","status":200})",
        R"({"date":null,"step":"one","attempt":1,"fault":null,"status":200})"}) {
    EXPECT_THROW(read_log_line(line), std::runtime_error) << line;
  }
}

}  // namespace
}  // namespace farebench::soak
