#include "bench/probe/measured_batch.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "farebench/date.hpp"

namespace farebench {
namespace {

constexpr std::size_t errors_told = 3;

struct usage {
  double cpu_us;
  std::uint64_t context_switches;
};

/// Of all threads of this process, those that have ended included.
usage usage_so_far() {
  rusage now{};
  getrusage(RUSAGE_SELF, &now);
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return {us(now.ru_utime) + us(now.ru_stime), static_cast<std::uint64_t>(now.ru_nvcsw + now.ru_nivcsw)};
}

double milliseconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double, std::milli>{time}.count();
}

/// Nearest rank: the smallest value that at least `share` of them do not exceed. 0 of none.
double quantile(std::vector<float>& values, double share) {
  if (values.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::ranges::nth_element(values, at);
  return static_cast<double>(*at);
}

}  // namespace

measured_batch::measured_batch(batch work)
    : work_{std::move(work)}, started_(work_.size), scrape_ms_(work_.size) {
  scrape_ms_.clear();  // the pages have been touched; push_back reuses them
  watched_ = work_;
  watched_.query_at = [this](std::size_t index) {
    if (started_[index] == clock::time_point{}) started_[index] = clock::now();  // and no later attempt's
    return work_.query_at(index);
  };
  watched_.on_retry = [this](std::size_t, std::size_t, const fetch_error&, std::chrono::milliseconds) {
    ++repeats_;
  };
}

batch_report measured_batch::run(strategy& way) {
  report_ = {};
  const usage before = usage_so_far();
  way.run(watched_, [this](std::size_t index, outcome&& result) { deliver(index, result); });
  const usage after = usage_so_far();

  if (report_.outcomes > 0) {
    const auto first = *std::ranges::min_element(started_);
    report_.wall_ms = milliseconds(last_outcome_ - first);
    report_.first_scrape_at_s = std::chrono::duration<double>{first.time_since_epoch()}.count();
    if (report_.outcomes >= half_of_days()) report_.half_done_ms = milliseconds(half_done_ - first);
  }
  report_.cpu_us = after.cpu_us - before.cpu_us;
  report_.context_switches = after.context_switches - before.context_switches;
  report_.attempts = static_cast<double>(report_.outcomes + repeats_);
  report_.fares = digest_.fares();
  report_.fares_digest = digest_.value();
  report_.scrape_p50_ms = quantile(scrape_ms_, 0.50);
  report_.scrape_p99_ms = quantile(scrape_ms_, 0.99);
  return report_;
}

void measured_batch::deliver(std::size_t index, const outcome& result) {
  last_outcome_ = clock::now();
  scrape_ms_.push_back(static_cast<float>(milliseconds(last_outcome_ - started_[index])));
  if (++report_.outcomes == half_of_days()) half_done_ = last_outcome_;
  const auto date = work_.query_at(index).date;
  if (result) {
    digest_.add(date, *result);
    return;
  }
  ++report_.errors;
  if (report_.first_errors.size() < errors_told) {
    report_.first_errors.push_back(fmt::format("{}: {}", format_iso_date(date), describe(result.error())));
  }
}

}  // namespace farebench
