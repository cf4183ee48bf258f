#include "strategies/retry.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace farebench {
namespace {

using namespace std::chrono_literals;

fetch_error status_error(int code, std::int32_t retry_after_s = 0) {
  return {fetch_error_kind::unexpected_status, "", code, fetch_error::retry_after_seconds{retry_after_s}};
}

TEST(retry_policy, status_408_425_429_or_5xx_is_retryable) {
  for (int code = 100; code < 600; ++code) {
    const bool expected = code == 408 || code == 425 || code == 429 || code >= 500;
    EXPECT_EQ(is_retryable(status_error(code)), expected) << code;
  }
  EXPECT_FALSE(is_retryable(status_error(999)));
}

TEST(retry_policy, only_transport_errors_are_retryable) {
  using enum fetch_error_kind;
  for (const auto kind :
       {invalid_query, invalid_url, invalid_header, unsupported_response, no_session, redirect_refused,
        header_too_large, body_too_large, malformed_page, cancelled, out_of_resources}) {
    EXPECT_FALSE(is_retryable({kind, ""})) << to_string(kind);
  }
  for (const auto kind :
       {connect_failed, connect_timeout, deadline_exceeded, connection_lost, bad_response}) {
    EXPECT_TRUE(is_retryable({kind, ""})) << to_string(kind);
  }
}

TEST(retry_policy, backoff_doubles_up_to_its_cap) {
  const fetch_policy policy{.backoff_base = 100ms, .backoff_cap = 1s};
  EXPECT_EQ(retry_delay(policy, 1, status_error(500), 0.0), 0ms);
  EXPECT_EQ(retry_delay(policy, 1, status_error(500), 0.5), 50ms);
  EXPECT_EQ(retry_delay(policy, 3, status_error(500), 0.5), 200ms);
  EXPECT_EQ(retry_delay(policy, 9, status_error(500), 0.5), 500ms);
  EXPECT_EQ(retry_delay(policy, std::numeric_limits<std::size_t>::max(), status_error(500), 0.5), 500ms);
  const fetch_policy capped_below{.backoff_base = 100ms, .backoff_cap = 10ms};
  EXPECT_EQ(retry_delay(capped_below, 1, status_error(500), 0.5), 5ms);
  const fetch_policy none{.backoff_base = 0ms};
  EXPECT_EQ(retry_delay(none, std::numeric_limits<std::size_t>::max(), status_error(500), 0.9), 0ms);
}

TEST(retry_policy, backoff_is_added_to_capped_retry_after) {
  const fetch_policy policy{.backoff_base = 100ms, .retry_after_cap = 5s};
  EXPECT_EQ(retry_delay(policy, 1, status_error(429, 2), 0.5), 2'050ms);
  EXPECT_EQ(retry_delay(policy, 1, status_error(429, 9), 0.5), 5'050ms);
  EXPECT_EQ(retry_delay(policy, 1, status_error(429, -9), 0.5), 50ms);
}

TEST(retry_policy, expired_session_is_403_on_search) {
  auto refused = status_error(403);
  EXPECT_FALSE(is_expired_session(refused));
  refused.step = scrape_step::start_page;
  EXPECT_FALSE(is_expired_session(refused));
  refused.step = scrape_step::search;
  EXPECT_TRUE(is_expired_session(refused));
  EXPECT_FALSE(is_retryable(refused));
}

constexpr retry_queue::clock::time_point now{1h};

TEST(retry_queue, attempts_are_popped_in_order_of_time) {
  retry_queue queue;
  for (const int due : {3, 1, 4, 1, 5, 9, 2, 6}) {
    queue.make_room();
    queue.push({.index = static_cast<std::size_t>(due)}, now + due * 1s);
  }
  std::vector<std::size_t> order;
  while (const auto first = queue.pop_first()) order.push_back(first->attempt.index);
  EXPECT_EQ(order, (std::vector<std::size_t>{1, 1, 2, 3, 4, 5, 6, 9}));
  EXPECT_TRUE(queue.empty());
}

TEST(retry_queue, due_attempt_has_no_time) {
  retry_queue queue;
  queue.push({.index = 1}, now);
  queue.push({.index = 2}, now + 1s);
  const auto due = queue.pop_due(now);
  ASSERT_TRUE(due);
  EXPECT_EQ(due->attempt.index, 1u);
  EXPECT_FALSE(due->due);
  EXPECT_FALSE(queue.pop_due(now));
  const auto first = queue.pop_first();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->due, now + 1s);
  EXPECT_FALSE(queue.pop_first());
}

}  // namespace
}  // namespace farebench
