#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/cases.hpp"
#include "bench/output/rows.hpp"

namespace farebench {

// Statistics over the rows of a run. Pure functions.

/// A case and its repetitions.
struct case_result {
  benchmark_case parameters;
  std::vector<finished_row> repetitions = {};
  /// See machine_id(). Empty: that of all other cases.
  std::string machine = {};
};

/// Returns the middle value, or the mean of the middle two; nullopt without values.
std::optional<double> median(std::vector<double> values);

/// Returns the finite values of a column, in the order of the repetitions. `real_time` is the wall time in
/// ms.
std::vector<double> values_of(const case_result& result, const std::string& column);

/// Returns the median of a column over the repetitions with a finite value. `real_time` is the wall time in
/// ms.
std::optional<double> median_of(const case_result& result, const std::string& column);

/// Returns a percentile of the times of all items of all repetitions, from the sum of their histograms.
/// Returns nullopt for a column that is not a percentile of item times, and if a repetition has no histogram.
std::optional<double> merged_percentile(std::span<const finished_row> repetitions, std::string_view column);

/// Returns whether any repetition failed. Then no figure of the case counts.
bool has_failed(const case_result& result);

/// Returns whether it is a case of the physical floor, raw_epoll.
bool is_floor(const case_result& result);

/// Returns a case's median of a column over that of the floor at the same point; nullopt if either has failed
/// or has no such figure above zero.
std::optional<double> ratio_to_floor(const case_result& result, std::span<const case_result> all,
                                     const std::string& column);

struct measured_point {
  double x;
  double y;
};

/// y = slope · x + intercept, by ordinary least squares.
struct straight_line {
  double slope;
  double intercept;
  /// Share of the variance of y that the line explains: 1 − residual sum of squares / total sum of squares.
  /// Absent for fewer than three points, which any line meets, and if all y are equal.
  std::optional<double> r_squared;
};

/// Returns nullopt for fewer than two different x.
std::optional<straight_line> fit_straight_line(std::span<const measured_point> points);

/// Largest difference of two median times, as a share, at which one is as good as the other.
inline constexpr double equal_time_share = 0.05;

/// Best cases of one comparison, in which only strategy, loops and workers differ. Failed cases and the
/// floor, which is no client for users, cannot be among them. Pointers are into the cases given.
struct recommendation {
  /// The case with the lowest median time.
  const case_result* fastest;
  /// The case with the lowest median peak memory (rss_peak_bytes) within equal_time_share of the fastest.
  const case_result* leanest;
  /// The strategy of `leanest` with the fewest workers within equal_time_share of the fastest.
  const case_result* min_workers;
  /// All cases of the comparison, the failed ones and the floor included.
  std::vector<const case_result*> compared;
};

/// Returns a recommendation for each comparison, in the order of their first cases. Comparisons in which
/// every case failed have none.
std::vector<recommendation> recommend(std::span<const case_result> cases);

}  // namespace farebench
