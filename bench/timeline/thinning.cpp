#include "bench/timeline/thinning.hpp"

#include <algorithm>
#include <utility>

namespace farebench {

std::vector<curve_point> extremes_of_buckets(const std::vector<curve_point>& points,
                                             std::chrono::nanoseconds width) {
  std::vector<curve_point> kept;
  const auto keep = [&kept](const curve_point& point) {
    if (kept.empty() || kept.back() != point) kept.push_back(point);
  };
  for (auto bucket = points.begin(); bucket != points.end();) {
    const auto number = [&](const curve_point& point) { return (point.at - points.front().at) / width; };
    const auto end = std::find_if(bucket, points.end(),
                                  [&](const curve_point& point) { return number(point) != number(*bucket); });
    auto early = std::ranges::min_element(bucket, end, {}, &curve_point::resident_bytes);
    auto late = std::ranges::max_element(bucket, end, {}, &curve_point::resident_bytes);
    if (late < early) std::swap(early, late);
    if (bucket == points.begin()) keep(*bucket);
    keep(*early);
    keep(*late);
    if (end == points.end()) keep(points.back());
    bucket = end;
  }
  return kept;
}

void thin(std::vector<curve_point>& points, std::chrono::nanoseconds& width, std::size_t most) {
  if (points.size() <= most) return;
  for (;; width *= 2) {
    points = extremes_of_buckets(points, width);
    if (points.size() <= most) return;
  }
}

}  // namespace farebench
