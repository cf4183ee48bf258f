#include "bench/report/straight_line.hpp"

namespace farebench {

std::optional<straight_line> fit_straight_line(std::span<const measured_point> points) {
  const auto count = static_cast<double>(points.size());
  double mean_x = 0;
  double mean_y = 0;
  for (const auto& [x, y] : points) {
    mean_x += x / count;
    mean_y += y / count;
  }
  double xx = 0;
  double xy = 0;
  double yy = 0;
  for (const auto& [x, y] : points) {
    xx += (x - mean_x) * (x - mean_x);
    xy += (x - mean_x) * (y - mean_y);
    yy += (y - mean_y) * (y - mean_y);
  }
  if (!(xx > 0)) return std::nullopt;
  straight_line line{.slope = xy / xx, .intercept = mean_y - xy / xx * mean_x, .r_squared = std::nullopt};
  if (points.size() > 2 && yy > 0) line.r_squared = xy * xy / (xx * yy);
  return line;
}

}  // namespace farebench
