#pragma once

#include <optional>
#include <span>

namespace farebench {

/// A point of a measured relation.
struct measured_point {
  double x;
  double y;
};

/// y = slope · x + intercept, by ordinary least squares.
struct straight_line {
  double slope;
  double intercept;
  /// How much of the variance of y the line explains: 1 − residual sum of squares / total sum of squares.
  /// Absent for fewer than three points, which a line always meets, and when all y are equal.
  std::optional<double> r_squared;
};

/// nullopt for fewer than two different x. Pure.
std::optional<straight_line> fit_straight_line(std::span<const measured_point> points);

}  // namespace farebench
