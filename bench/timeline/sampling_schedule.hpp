#pragma once

#include <chrono>

namespace farebench {

/// When to sample next: the first moment after `now` that is a whole number of intervals after `begin`. So
/// the schedule neither drifts by what sampling takes nor catches up on moments that were missed.
inline std::chrono::steady_clock::time_point next_sample(std::chrono::steady_clock::time_point begin,
                                                         std::chrono::nanoseconds interval,
                                                         std::chrono::steady_clock::time_point now) {
  return begin + ((now - begin) / interval + 1) * interval;
}

}  // namespace farebench
