#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/track/judge/metric.hpp"

namespace farebench::track {

enum class verdict { same, improvement, regression, cannot_tell };
/// "same", "improvement", "regression", "cannot tell".
std::string_view to_string(verdict what);

/// A metric's figures of one series: base[i] and head[i] were measured side by side.
struct metric_samples {
  std::vector<double> base;
  std::vector<double> head;
};

/// One side of a finding.
struct side_summary {
  double median;
  double spread;  ///< ±, as a share of the median: half of its 95 % interval, or of the range of too few
};

/// What was found of one metric of one series. Changes are shares of the base: 0.15 is 15 % more.
struct finding {
  std::string series;
  std::string_view metric;
  verdict what = verdict::cannot_tell;
  std::optional<side_summary> base = {};  ///< absent: that side has no figure
  std::optional<side_summary> head = {};
  std::optional<double> change = {};
  std::optional<double> low = {};  ///< the interval of the change, of a noisy metric
  std::optional<double> high = {};
  double confidence = 0;  ///< of that interval
  double floor = 0;       ///< up to here a change is none
  /// Of "cannot tell": the smallest change that could have been seen, where any could.
  std::optional<double> smallest_seen = {};
  std::string why;            ///< in a few words
  std::string accepted = {};  ///< the reason for which a regression is accepted; empty: it is not
};

/// An exact metric: its medians differ by more than the greatest of max(share · base, absolute) and of what
/// either side varied by. Where it varied by more than the former, it cannot tell of less. Pure; neither side
/// empty.
finding judge_exact(const std::string& series, const metric& of, const metric_samples& samples);

/// A noisy metric: the median of the pairs' log-ratios with its exact interval of that confidence. Beyond the
/// floor as a whole it is a regression or an improvement, inside it the same, anything else cannot tell.
/// `floor` is a share, 0.02 for 2 %. Pure; both sides of one length, values above zero.
finding judge_noisy(const std::string& series, const metric& of, const metric_samples& samples, double floor,
                    double confidence);

/// Whether it says that something changed.
bool is_flagged(const finding& one);

}  // namespace farebench::track
