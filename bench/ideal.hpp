#pragma once

#include <chrono>
#include <cstddef>

#include "bench/benchmark_case.hpp"

namespace farebench {

/// The time that no client can beat: ceil(N/W) · 2 · L. Each of W workers makes the two exchanges of a
/// scrape one after the other, and each exchange takes the server at least L.
/// `workers` ≥ 1.
std::chrono::nanoseconds ideal_wall(std::size_t days, std::size_t workers, std::chrono::nanoseconds latency);

/// Of a case: that, where its latency is fixed. Where it is random, min_wall of what a fresh server draws
/// for the case's days and seed: max(sum / W, longest day). Pure, but then in time that grows with the days:
/// 4 ms for 10,000.
std::chrono::nanoseconds ideal_wall(const benchmark_case& row);

}  // namespace farebench
