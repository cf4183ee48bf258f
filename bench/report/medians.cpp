#include "bench/report/medians.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace farebench {

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

}  // namespace farebench
