#include "bench/report/floor_ratios.hpp"

#include <algorithm>

#include "bench/floor.hpp"
#include "bench/report/medians.hpp"

namespace farebench {
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
