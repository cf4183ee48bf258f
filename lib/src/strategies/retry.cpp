#include "strategies/retry.hpp"

#include <algorithm>

namespace farebench {
namespace {

using std::chrono::milliseconds;

/// Returns min(backoff_cap, backoff_base · 2^(number − 1)), without overflow for any number.
milliseconds max_backoff(const fetch_policy& policy, std::size_t number) {
  milliseconds backoff = policy.backoff_base;
  for (std::size_t i = 1; i < number && backoff < policy.backoff_cap; ++i) {
    if (backoff == milliseconds::zero()) break;
    backoff *= 2;
  }
  return std::min(backoff, policy.backoff_cap);
}

}  // namespace

bool is_retryable_status(int status) {
  return status == 408 || status == 425 || status == 429 || (status >= 500 && status <= 599);
}

bool is_retryable(const fetch_error& error) {
  using enum fetch_error_kind;
  switch (error.kind) {
    case connect_failed:
    case connect_timeout:
    case deadline_exceeded:
    case connection_lost:
    case bad_response:
      return true;
    case unexpected_status:
      return is_retryable_status(error.status);
    case invalid_query:
    case invalid_url:
    case invalid_header:
    case invalid_method:
    case unsupported_response:
    case no_session:
    case redirect_refused:
    case header_too_large:
    case body_too_large:
    case malformed_page:
    case cancelled:
    case out_of_resources:
      return false;
  }
  // A value outside the enumeration.
  return false;
}

bool is_expired_session(const fetch_error& error) {
  return error.kind == fetch_error_kind::unexpected_status && error.status == 403 &&
         error.step == scrape_step::search;
}

milliseconds retry_delay(const fetch_policy& policy, std::size_t number, const fetch_error& error,
                         double random) {
  const auto backoff = static_cast<double>(max_backoff(policy, number).count()) * random;
  const auto retry_after =
      std::clamp<milliseconds>(error.retry_after, milliseconds::zero(), policy.retry_after_cap);
  return retry_after + milliseconds{static_cast<milliseconds::rep>(backoff)};
}

double max_retries(const fetch_policy& policy, std::size_t queries) {
  return static_cast<double>(policy.retry_floor) + policy.retry_share * static_cast<double>(queries);
}

void retry_queue::make_room() {
  if (entries_.size() == entries_.capacity()) {
    entries_.reserve(std::max<std::size_t>(16, 2 * entries_.size()));
  }
}

void retry_queue::push(const scrape_attempt& attempt, clock::time_point due) {
  entries_.push_back({attempt, due});
  std::ranges::push_heap(entries_, is_later);
}

std::optional<scheduled_attempt> retry_queue::pop_due(clock::time_point now) {
  if (entries_.empty() || entries_.front().due > now) return std::nullopt;
  auto first = pop_first();
  first->due.reset();
  return first;
}

std::optional<scheduled_attempt> retry_queue::pop_first() {
  if (entries_.empty()) return std::nullopt;
  std::ranges::pop_heap(entries_, is_later);
  const entry first = entries_.back();
  entries_.pop_back();
  return scheduled_attempt{first.attempt, first.due};
}

}  // namespace farebench
