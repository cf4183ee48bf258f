#include "bench/output/rows.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <utility>

#include "bench/probe/raw_epoll.hpp"

namespace farebench {

void row_ledger::record(const std::string& benchmark_name, row_verdict verdict) {
  ++rows_;
  if (verdict.failed()) ++failed_rows_;
  verdicts_[benchmark_name].push_back(std::move(verdict));
}

const row_verdict& row_ledger::verdict(const std::string& benchmark_name, std::int64_t repetition) const {
  if (repetition < 0 || static_cast<std::size_t>(repetition) >= repetitions(benchmark_name))
    throw std::logic_error(
        fmt::format("no verdict was recorded for repetition {} of '{}'", repetition, benchmark_name));
  return verdicts_.at(benchmark_name)[static_cast<std::size_t>(repetition)];
}

std::size_t row_ledger::repetitions(const std::string& benchmark_name) const {
  const auto found = verdicts_.find(benchmark_name);
  return found == verdicts_.end() ? 0 : found->second.size();
}

std::size_t row_ledger::failures(const std::string& benchmark_name) const {
  const auto found = verdicts_.find(benchmark_name);
  if (found == verdicts_.end()) return 0;
  return static_cast<std::size_t>(std::ranges::count_if(found->second, &row_verdict::failed));
}

std::size_t row_ledger::warnings(const std::string& benchmark_name) const {
  const auto found = verdicts_.find(benchmark_name);
  if (found == verdicts_.end()) return 0;
  return static_cast<std::size_t>(std::ranges::count_if(
      found->second, [](const row_verdict& verdict) { return !verdict.warning.empty(); }));
}

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

std::optional<double> median_column(const summary_case& what, const std::string& name) {
  std::vector<double> values;
  for (const auto& row : what.repetitions)
    if (const auto found = row.columns.find(name); found != row.columns.end() && std::isfinite(found->second))
      values.push_back(found->second);
  return median(std::move(values));
}

std::optional<double> median_time_ms(const summary_case& what) {
  std::vector<double> values;
  for (const auto& row : what.repetitions)
    if (row.real_time_ms && std::isfinite(*row.real_time_ms)) values.push_back(*row.real_time_ms);
  return median(std::move(values));
}

bool has_failed(const summary_case& what) {
  return std::ranges::any_of(what.repetitions, [](const finished_row& row) { return row.verdict.failed(); });
}

namespace {

bool is_floor(const summary_case& what) { return what.strategy == floor_strategy; }

std::optional<double> ratio(std::optional<double> above, std::optional<double> below) {
  if (!above || !below || *below <= 0) return std::nullopt;
  return *above / *below;
}

}  // namespace

bool has_floor(std::span<const summary_case> cases) { return std::ranges::any_of(cases, is_floor); }

floor_ratios over_floor(const summary_case& what, std::span<const summary_case> cases) {
  const auto floor = std::ranges::find_if(
      cases, [&](const summary_case& other) { return is_floor(other) && other.point == what.point; });
  if (floor == cases.end() || has_failed(*floor)) return {};
  return {
      .wall = ratio(median_time_ms(what), median_time_ms(*floor)),
      .cpu = ratio(median_column(what, "cpu_us_per_request"), median_column(*floor, "cpu_us_per_request"))};
}

}  // namespace farebench
