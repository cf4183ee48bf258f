#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/output/rows.hpp"

namespace farebench {

/// A line of a table for people.
struct text_row {
  std::vector<std::string> cells;
  std::string instead = {};  ///< when not empty, stands in place of the figures
};

/// The rows, the first of them underlined. The first `text_cells` cells of each stand to the left, the
/// figures behind them to the right. Every row has the same number of cells. UTF-8, aligned by the width that
/// it has on a terminal; each line ends with a newline. Pure.
std::string text_table(std::span<const text_row> rows, std::size_t text_cells);

/// How many columns of a terminal it takes, of text of single-width characters.
std::size_t text_width(std::string_view text);

/// value / unit with so many decimals; "–" when absent.
std::string figure(std::optional<double> value, double unit, int decimals);

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

/// A line for each case, in the order given: strategy, workers, time (all in ms, or all in s once the
/// longest takes 10 s), ×ideal, peak MiB, KiB a worker, CPU µs a request, and when the physical floor is
/// among the cases, time and CPU over the floor's at the same point; each the median of the repetitions that
/// have it, "–" where none has. From the columns ideal_ratio, rss_peak_bytes, bytes_per_worker,
/// cpu_us_per_request. A case with a failed repetition shows FAILED and the first reason in place of its
/// figures. Below the lines come the warnings. Laid out as text_table does; empty without cases. Pure.
std::string summary_table(std::span<const summary_case> cases);

/// Whether cost stays flat as workers grow, from the `hold` cases: a line for each strategy, in the order
/// given, with the growth of resident memory (column rss_growth_bytes, medians) over workers fitted to a
/// straight line (slope in KiB a worker, R²), and CPU a request with 10,000 workers over that with 1,000. A
/// case that failed is left out; "–" where too few are left. UTF-8, ends with a newline; empty without `hold`
/// cases. Pure.
std::string scale_table(std::span<const summary_case> cases);

}  // namespace farebench
