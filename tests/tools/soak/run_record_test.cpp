#include "tools/soak/run_record.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace farebench::soak {
namespace {

using namespace std::chrono_literals;

TEST(log_line, has_all_members) {
  const auto exchange = parse_log_line(
      R"({"date":"2026-03-01","session":4,"step":2,"attempt":3,"fault":"reset_mid_body","status":200})");
  EXPECT_EQ(exchange.date, 2026y / 3 / 1);
  EXPECT_EQ(exchange.session, 4u);
  EXPECT_EQ(exchange.step, 2);
  EXPECT_EQ(exchange.attempt, 3u);
  EXPECT_EQ(exchange.fault, fault_kind::reset_mid_body);
  EXPECT_EQ(exchange.status, 200);
}

TEST(log_line, null_members_are_empty) {
  const auto exchange =
      parse_log_line(R"({"date":null,"step":null,"attempt":null,"fault":null,"status":null})");
  EXPECT_FALSE(exchange.date || exchange.session || exchange.fault);
  EXPECT_EQ(exchange.step, 0);
  EXPECT_EQ(exchange.attempt, 0u);
  EXPECT_EQ(exchange.status, 0);
}

TEST(log_line, invalid_text_throws) {
  for (const char* const line :
       {"", "{}", "[]", R"({"date":"2026-02-30","step":1,"attempt":1,"fault":null,"status":200})",
        R"({"date":null,"step":1,"attempt":1,"fault":"gremlins","status":200})",
        R"({"date":null,"step":"one","attempt":1,"fault":null,"status":200})"}) {
    EXPECT_THROW(parse_log_line(line), std::runtime_error) << line;
  }
}

}  // namespace
}  // namespace farebench::soak
