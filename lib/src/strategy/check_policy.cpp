#include "strategy/check_policy.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <stdexcept>
#include <string_view>

namespace farebench {
namespace {

using std::chrono::milliseconds;

// Far beyond any use, and near enough that no sum of moments and no libcurl option (a long) overflows.
constexpr milliseconds longest = std::chrono::days{1};

void check_time(std::string_view field, milliseconds value, milliseconds shortest) {
  if (value >= shortest && value <= longest) return;
  throw std::invalid_argument{fmt::format("a batch's policy.{} is {} ms: it must be from {} ms to a day",
                                          field, value.count(), shortest.count())};
}

void check_above_zero(std::string_view field, std::size_t value) {
  if (value > 0) return;
  throw std::invalid_argument{fmt::format("a batch's policy.{} must be above zero", field)};
}

void check_at_most(std::string_view field, std::size_t value, std::size_t most) {
  if (value <= most) return;
  throw std::invalid_argument{
      fmt::format("a batch's policy.{} is {}: it must be at most {}", field, value, most)};
}

}  // namespace

void check_policy(const fetch_policy& policy) {
  const fetch_limits& exchange = policy.exchange;
  // To libcurl a limit of zero means none at all, and so a hang.
  check_time("exchange.connect_timeout", exchange.connect_timeout, milliseconds{1});
  check_time("exchange.exchange_deadline", exchange.exchange_deadline, milliseconds{1});
  check_above_zero("exchange.max_header_bytes", exchange.max_header_bytes);
  check_above_zero("exchange.max_body_bytes", exchange.max_body_bytes);
  check_time("exchange.min_rate_grace", exchange.min_rate_grace, milliseconds{0});
  check_at_most("exchange.max_redirects", exchange.max_redirects, 1'000);
  check_time("scrape_deadline", policy.scrape_deadline, milliseconds{1});
  check_above_zero("max_attempts", policy.max_attempts);
  check_time("backoff_base", policy.backoff_base, milliseconds{0});
  check_time("backoff_cap", policy.backoff_cap, milliseconds{0});
  check_time("retry_after_cap", policy.retry_after_cap, milliseconds{0});
  if (!std::isfinite(policy.retry_share) || policy.retry_share < 0) {
    throw std::invalid_argument{"a batch's policy.retry_share must be a number from zero up"};
  }
}

}  // namespace farebench
