#pragma once

#include <chrono>
#include <cstddef>

namespace farebench {

/// The time that no client can beat: ceil(N/W) · 2 · L. Each of W workers makes the two exchanges of a
/// scrape one after the other, and each exchange takes the server at least L.
/// `workers` ≥ 1.
std::chrono::microseconds ideal_wall(std::size_t days, std::size_t workers,
                                     std::chrono::microseconds latency);

}  // namespace farebench
