#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

#include "bench/timeline/memory_curve.hpp"

namespace farebench {

/// A moment on a time line that begins nowhere in particular.
inline std::chrono::steady_clock::time_point moment(std::chrono::nanoseconds since) {
  return std::chrono::steady_clock::time_point{std::chrono::hours{5}} + since;
}

/// Samples as a sampler takes them: about every 2 ms, now and then late, several in a bucket, memory that
/// rises, falls and stays.
inline std::vector<curve_point> made_up_samples(std::size_t count, std::uint32_t seed) {
  using namespace std::chrono_literals;
  std::mt19937 random{seed};
  const auto below = [&](std::uint32_t bound) { return static_cast<std::int64_t>(random() % bound); };
  std::vector<curve_point> samples;
  std::chrono::nanoseconds at = std::chrono::microseconds{below(3000)};
  std::uint64_t resident = 12U << 20;
  for (std::size_t i = 0; i < count; ++i) {
    samples.push_back({moment(at), resident});
    at += below(20) == 0 ? below(40) * 1ms : 1500us + below(1000) * 1us;
    if (below(3) == 0) resident = (12U << 20) + static_cast<std::uint64_t>(below(1000)) * 4096;
  }
  return samples;
}

}  // namespace farebench
