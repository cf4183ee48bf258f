#include "bench/timeline/curve_recorder.hpp"

#include "bench/timeline/thinning.hpp"

namespace farebench {
namespace {

/// At 2 ms, eight seconds before anything is thinned.
constexpr std::size_t most_held = 4096;

}  // namespace

curve_recorder::curve_recorder(std::chrono::nanoseconds sample_every) : width_{sample_every} {
  points_.reserve(most_held);
}

void curve_recorder::add(const curve_point& sample) {
  if (points_.size() == most_held) {
    // A half, so that thinning costs little a sample; and never fewer than are given out.
    thin(points_, width_, most_held / 2);
    points_.reserve(most_held);
  }
  points_.push_back(sample);
  ++samples_;
}

std::vector<curve_point> curve_recorder::points() const {
  auto points = points_;
  auto width = width_;
  thin(points, width, most_curve_points);
  return points;
}

}  // namespace farebench
