#pragma once

#include <optional>
#include <span>

#include "bench/report/summary_case.hpp"

namespace farebench {

/// How far a case is above the physical floor (raw_epoll) at the same point of the same run.
struct floor_ratios {
  std::optional<double> wall;  ///< its median wall time over the floor's
  std::optional<double> cpu;   ///< its median CPU time a request over the floor's
};

/// Whether there is a floor among the cases, at any point.
bool has_floor(std::span<const summary_case> cases);

/// Absent without a floor at the case's point, with one that failed, and for a figure that either lacks.
/// Pure.
floor_ratios over_floor(const summary_case& what, std::span<const summary_case> cases);

}  // namespace farebench
