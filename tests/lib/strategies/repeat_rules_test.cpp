#include "strategies/retry.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace farebench {
namespace {

using namespace std::chrono_literals;

fetch_error status(int code, std::int32_t retry_after_s = 0) {
  return {fetch_error_kind::unexpected_status, "", code, fetch_error::retry_after_seconds{retry_after_s}};
}

TEST(repeat_rules, know_the_statuses_that_may_pass) {
  for (int code = 100; code < 600; ++code) {
    const bool may = code == 408 || code == 425 || code == 429 || code >= 500;
    EXPECT_EQ(may_pass(status(code)), may) << code;
  }
  EXPECT_FALSE(may_pass(status(999)));
}

TEST(repeat_rules, repeat_no_failure_of_what_was_asked_or_answered) {
  using enum fetch_error_kind;
  for (const auto kind : {invalid_query, no_session, redirect_refused, header_too_large, body_too_large,
                          malformed_page, cancelled, out_of_resources}) {
    EXPECT_FALSE(may_pass({kind, ""})) << to_string(kind);
  }
  for (const auto kind :
       {connect_failed, connect_timeout, deadline_exceeded, connection_lost, bad_response}) {
    EXPECT_TRUE(may_pass({kind, ""})) << to_string(kind);
  }
}

TEST(repeat_rules, double_the_longest_wait_up_to_the_cap) {
  const fetch_policy policy{.backoff_base = 100ms, .backoff_cap = 1s};
  EXPECT_EQ(wait_before_repeat(policy, 1, status(500), 0.0), 0ms);
  EXPECT_EQ(wait_before_repeat(policy, 1, status(500), 0.5), 50ms);
  EXPECT_EQ(wait_before_repeat(policy, 3, status(500), 0.5), 200ms);
  EXPECT_EQ(wait_before_repeat(policy, 9, status(500), 0.5), 500ms);
  EXPECT_EQ(wait_before_repeat(policy, std::numeric_limits<std::size_t>::max(), status(500), 0.5), 500ms);
  const fetch_policy capped_below{.backoff_base = 100ms, .backoff_cap = 10ms};
  EXPECT_EQ(wait_before_repeat(capped_below, 1, status(500), 0.5), 5ms);
  const fetch_policy none{.backoff_base = 0ms};
  EXPECT_EQ(wait_before_repeat(none, std::numeric_limits<std::size_t>::max(), status(500), 0.9), 0ms);
}

TEST(repeat_rules, add_the_backoff_to_what_was_asked_for_up_to_its_cap) {
  const fetch_policy policy{.backoff_base = 100ms, .retry_after_cap = 5s};
  EXPECT_EQ(wait_before_repeat(policy, 1, status(429, 2), 0.5), 2'050ms);
  EXPECT_EQ(wait_before_repeat(policy, 1, status(429, 9), 0.5), 5'050ms);
  EXPECT_EQ(wait_before_repeat(policy, 1, status(429, -9), 0.5), 50ms);
}

TEST(repeat_rules, take_a_403_of_the_search_alone_for_an_expired_session) {
  auto refused = status(403);
  EXPECT_FALSE(is_expired_session(refused));
  refused.step = scrape_step::start_page;
  EXPECT_FALSE(is_expired_session(refused));
  refused.step = scrape_step::search;
  EXPECT_TRUE(is_expired_session(refused));
  EXPECT_FALSE(may_pass(refused));
}

TEST(fetch_error, is_no_larger_than_its_text_and_a_word) {
  EXPECT_LE(sizeof(fetch_error), sizeof(std::string) + sizeof(void*));
}

}  // namespace
}  // namespace farebench
