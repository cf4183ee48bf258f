#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "bench/timeline/memory_curve.hpp"

namespace farebench {

/// So many points a curve has at most when it is written.
inline constexpr std::size_t most_curve_points = 400;

/// Takes the samples of one batch, however many: it thins as they come, and holds 64 KiB at most, taken when
/// it is made. What it gives out is what thinning all the samples at once would have given (see thinning).
/// One thread.
class curve_recorder {
 public:
  explicit curve_recorder(std::chrono::nanoseconds sample_every);

  /// In order of time.
  void add(const curve_point& sample);

  std::size_t samples() const { return samples_; }
  /// At most most_curve_points of them.
  std::vector<curve_point> points() const;

 private:
  std::chrono::nanoseconds width_;
  std::vector<curve_point> points_;
  std::size_t samples_ = 0;
};

}  // namespace farebench
