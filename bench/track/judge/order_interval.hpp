#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace farebench::track {

/// An interval of ranks, from 1: the `low`-th smallest value to the `high`-th.
struct rank_interval {
  std::size_t low;
  std::size_t high;
  double confidence;  ///< that the median lies between them: what is kept, at least what was asked for
};

/// The ranks between which the median of what `count` independent values were drawn from lies with at least
/// that confidence, whatever the distribution: as many of them are below the median as a fair coin shows
/// heads (David and Nagaraja, Order Statistics, 3rd ed., 7.1). The narrowest that is symmetric; nullopt when
/// the values are too few for any.
std::optional<rank_interval> median_ranks(std::size_t count, double confidence);

/// The fewest values with such an interval that leaves out `spared` at each end.
std::size_t fewest_for(double confidence, std::size_t spared);

/// The values at those ranks, and the values' median.
struct median_interval {
  double low;
  double median;
  double high;
  double confidence;

  double half_width() const { return (high - low) / 2; }
};
std::optional<median_interval> interval_of_median(std::vector<double> values, double confidence);

}  // namespace farebench::track
