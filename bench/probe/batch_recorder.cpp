#include "bench/probe/batch_recorder.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace farebench {
namespace {

constexpr std::size_t max_first_errors = 3;

double milliseconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double, std::milli>{time}.count();
}

/// Returns whole µs, at most as many as fit.
std::uint32_t microseconds(std::chrono::steady_clock::duration time) {
  const auto us = std::chrono::floor<std::chrono::microseconds>(time).count();
  return static_cast<std::uint32_t>(std::min<std::int64_t>(us, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

/// Returns the usage of all threads of this process, including threads that have ended.
batch_recorder::usage batch_recorder::current_usage() {
  rusage now{};
  getrusage(RUSAGE_SELF, &now);
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return {us(now.ru_utime) + us(now.ru_stime), static_cast<std::uint64_t>(now.ru_nvcsw + now.ru_nivcsw)};
}

batch_recorder::batch_recorder(std::size_t items) : started_(items), item_us_(items) {
  // Keeps the memory, whose pages have been touched.
  item_us_.clear();
}

void batch_recorder::begin() { before_ = current_usage(); }

void batch_recorder::start(std::size_t index) {
  if (started_[index] == clock::time_point{}) started_[index] = clock::now();
}

void batch_recorder::finish(std::size_t index) {
  last_outcome_ = clock::now();
  item_us_.push_back(microseconds(last_outcome_ - started_[index]));
  if (++report_.outcomes == half_of_items()) half_done_ = last_outcome_;
}

void batch_recorder::fail(std::size_t index, std::string text) {
  finish(index);
  ++report_.errors;
  if (report_.first_errors.size() < max_first_errors) report_.first_errors.push_back(std::move(text));
}

batch_report batch_recorder::report() {
  const usage after = current_usage();
  report_.wall_ms = 0;
  if (report_.outcomes > 0) {
    const auto first = *std::ranges::min_element(started_);
    report_.wall_ms = milliseconds(last_outcome_ - first);
    report_.first_item_at_s = std::chrono::duration<double>{first.time_since_epoch()}.count();
    if (report_.outcomes >= half_of_items()) report_.half_done_ms = milliseconds(half_done_ - first);
  }
  report_.cpu_us = after.cpu_us - before_.cpu_us;
  report_.context_switches = after.context_switches - before_.context_switches;
  std::ranges::sort(item_us_);
  report_.item_histogram = time_histogram{item_us_};
  return std::move(report_);
}

}  // namespace farebench
