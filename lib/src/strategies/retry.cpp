#include "strategies/retry.hpp"

#include <algorithm>
#include <cmath>

namespace farebench {
namespace {

using std::chrono::milliseconds;

bool status_may_pass(int status) {
  return status == 408 || status == 425 || status == 429 || (status >= 500 && status <= 599);
}

/// min(cap, base · 2^(number − 1)), without overflow for any number.
milliseconds longest_backoff(const fetch_policy& policy, std::size_t number) {
  milliseconds longest = policy.backoff_base;
  for (std::size_t i = 1; i < number && longest < policy.backoff_cap; ++i) {
    if (longest == milliseconds::zero()) break;
    longest *= 2;
  }
  return std::min(longest, policy.backoff_cap);
}

}  // namespace

bool may_pass(const fetch_error& why) {
  using enum fetch_error_kind;
  switch (why.kind) {
    case connect_failed:
    case connect_timeout:
    case deadline_exceeded:
    case connection_lost:
    case bad_response:
      return true;
    case unexpected_status:
      return status_may_pass(why.status);
    case invalid_query:
    case no_session:
    case redirect_refused:
    case header_too_large:
    case body_too_large:
    case malformed_page:
    case cancelled:
    case out_of_resources:
      return false;
  }
  return false;  // a value outside the enum
}

bool is_expired_session(const fetch_error& why) {
  return why.kind == fetch_error_kind::unexpected_status && why.status == 403 &&
         why.step == scrape_step::search;
}

milliseconds wait_before_repeat(const fetch_policy& policy, std::size_t number, const fetch_error& why,
                                double chance) {
  const auto backoff = static_cast<double>(longest_backoff(policy, number).count()) * chance;
  const auto asked = std::clamp<milliseconds>(why.retry_after, milliseconds::zero(), policy.retry_after_cap);
  return asked + milliseconds{static_cast<milliseconds::rep>(backoff)};
}

double repeats_allowed(const fetch_policy& policy, std::size_t begun) {
  return static_cast<double>(policy.retry_floor) + policy.retry_share * static_cast<double>(begun);
}

void repeat_queue::add(const scrape_attempt& attempt, clock::time_point due) {
  waiting_.push_back({attempt, due});
  std::ranges::push_heap(waiting_, is_later);
}

std::optional<scrape_piece> repeat_queue::take_due(clock::time_point now) {
  if (waiting_.empty() || waiting_.front().due > now) return std::nullopt;
  auto first = take_first();
  first->due.reset();
  return first;
}

std::optional<scrape_piece> repeat_queue::take_first() {
  if (waiting_.empty()) return std::nullopt;
  std::ranges::pop_heap(waiting_, is_later);
  const waiting first = waiting_.back();
  waiting_.pop_back();
  return scrape_piece{first.attempt, first.due};
}

}  // namespace farebench
