#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "bench/timeline/memory_curve.hpp"

namespace farebench {

/// Of each bucket of time the lowest and the highest point (of equal ones the earliest), and of all the first
/// and the last; in order. The buckets are `width` each, counted from the first point. Points come in order
/// of time. So that thinning by a width, later by twice that width, is thinning by twice the width at once:
/// each bucket is then two whole ones. Pure.
std::vector<curve_point> extremes_of_buckets(const std::vector<curve_point>& points,
                                             std::chrono::nanoseconds width);

/// Thins a curve to at most `most` points (3 at least): as it is when it has no more; otherwise by the least
/// width · 2^k, k ≥ 0, that does it. `width` becomes that, for another thinning later on. What is lost is the
/// shape within a bucket, never a bucket's peak.
void thin(std::vector<curve_point>& points, std::chrono::nanoseconds& width, std::size_t most);

}  // namespace farebench
