#include "bench/output/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "bench/columns.hpp"
#include "bench/probe/raw_epoll.hpp"

namespace farebench {
namespace {

double time_of(const case_result& result) {
  return median_of(result, "real_time").value_or(std::numeric_limits<double>::infinity());
}

double peak_of(const case_result& result) {
  return median_of(result, "rss_peak_bytes").value_or(std::numeric_limits<double>::infinity());
}

/// Cases that are equal in all but strategy, loops and workers. A workload in which days follow workers
/// compares cases of one worker count only.
std::string comparison_of(const benchmark_case& parameters) {
  auto other = parameters;
  other.strategy.clear();
  other.loops = 1;
  other.workers = 1;
  return std::string{to_string(other.kind)} + other.point();
}

recommendation recommend_among(std::vector<const case_result*> compared) {
  std::vector<const case_result*> eligible;
  for (const auto* result : compared) {
    if (!has_failed(*result) && !is_floor(*result) && std::isfinite(time_of(*result)))
      eligible.push_back(result);
  }
  recommendation best{
      .fastest = nullptr, .leanest = nullptr, .min_workers = nullptr, .compared = std::move(compared)};
  if (eligible.empty()) return best;
  best.fastest = *std::ranges::min_element(eligible, {}, [](const auto* result) { return time_of(*result); });
  const double limit = time_of(*best.fastest) * (1 + equal_time_share);
  std::erase_if(eligible, [&](const auto* result) { return time_of(*result) > limit; });
  best.leanest = *std::ranges::min_element(
      eligible, {}, [](const auto* result) { return std::pair{peak_of(*result), time_of(*result)}; });
  std::erase_if(eligible, [&](const auto* result) {
    return result->parameters.strategy != best.leanest->parameters.strategy;
  });
  best.min_workers = *std::ranges::min_element(eligible, {}, [](const auto* result) {
    return std::tuple{result->parameters.workers, result->parameters.loops, time_of(*result)};
  });
  return best;
}

}  // namespace

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

std::vector<double> values_of(const case_result& result, const std::string& column) {
  std::vector<double> values;
  for (const auto& row : result.repetitions) {
    std::optional<double> value;
    if (column == "real_time") {
      value = row.real_time_ms;
    } else if (const auto found = row.columns.find(column); found != row.columns.end()) {
      value = found->second;
    }
    if (value && std::isfinite(*value)) values.push_back(*value);
  }
  return values;
}

std::optional<double> median_of(const case_result& result, const std::string& column) {
  return median(values_of(result, column));
}

std::optional<double> merged_percentile(std::span<const finished_row> repetitions, std::string_view name) {
  const auto found = std::ranges::find(columns(), name, &column::name);
  if (found == columns().end() || found->percentile_of != distribution::item_times || repetitions.empty())
    return std::nullopt;
  time_histogram sum;
  for (const auto& row : repetitions) {
    if (!row.item_histogram) return std::nullopt;
    sum += *row.item_histogram;
  }
  return sum.percentile_ms(found->percent);
}

bool has_failed(const case_result& result) {
  return std::ranges::any_of(result.repetitions,
                             [](const finished_row& row) { return row.verdict.failed(); });
}

bool is_floor(const case_result& result) { return result.parameters.strategy == floor_strategy; }

std::optional<double> ratio_to_floor(const case_result& result, std::span<const case_result> all,
                                     const std::string& column) {
  const auto floor = std::ranges::find_if(all, [&](const case_result& other) {
    return is_floor(other) && other.parameters.kind == result.parameters.kind &&
           other.parameters.point() == result.parameters.point();
  });
  if (floor == all.end() || has_failed(*floor) || has_failed(result)) return std::nullopt;
  const auto value = median_of(result, column);
  const auto floor_value = median_of(*floor, column);
  if (!value || !floor_value || *floor_value <= 0) return std::nullopt;
  return *value / *floor_value;
}

std::optional<straight_line> fit_straight_line(std::span<const measured_point> points) {
  const auto count = static_cast<double>(points.size());
  double mean_x = 0;
  double mean_y = 0;
  for (const auto& [x, y] : points) {
    mean_x += x / count;
    mean_y += y / count;
  }
  double xx = 0;
  double xy = 0;
  double yy = 0;
  for (const auto& [x, y] : points) {
    xx += (x - mean_x) * (x - mean_x);
    xy += (x - mean_x) * (y - mean_y);
    yy += (y - mean_y) * (y - mean_y);
  }
  if (!(xx > 0)) return std::nullopt;
  straight_line line{.slope = xy / xx, .intercept = mean_y - xy / xx * mean_x, .r_squared = std::nullopt};
  if (points.size() > 2 && yy > 0) line.r_squared = xy * xy / (xx * yy);
  return line;
}

std::vector<recommendation> recommend(std::span<const case_result> cases) {
  std::vector<std::vector<const case_result*>> comparisons;
  std::map<std::string, std::size_t> index_of;
  for (const auto& result : cases) {
    const auto [found, is_new] = index_of.try_emplace(comparison_of(result.parameters), comparisons.size());
    if (is_new) comparisons.emplace_back();
    comparisons[found->second].push_back(&result);
  }
  std::vector<recommendation> recommendations;
  for (auto& compared : comparisons) {
    auto best = recommend_among(std::move(compared));
    if (best.fastest != nullptr) recommendations.push_back(std::move(best));
  }
  return recommendations;
}

}  // namespace farebench
