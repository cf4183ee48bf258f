#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <utility>
#include <vector>

namespace farebench {

/// Histogram of the times of a batch's items, as docs/clients.md defines it: each time is a whole number of
/// µs, rounded down, in the buckets of log_linear. A percentile differs from that of the times by at most
/// 1/256 or 0.5 µs, if that is more. The sum of histograms is the histogram of all their times.
class time_histogram {
 public:
  /// Index of the bucket, and number of times in it.
  using bucket = std::pair<std::uint32_t, std::uint64_t>;

  /// Holds no times.
  time_histogram() = default;
  /// Counts times in µs. They must be ascending.
  explicit time_histogram(std::span<const std::uint32_t> sorted_us);

  /// Exact: associative, and in any order.
  time_histogram& operator+=(const time_histogram& other);

  /// Ascending; no count is 0.
  const std::vector<bucket>& buckets() const { return buckets_; }
  std::uint64_t count() const;

  /// A bucket's times: low_ms or longer, and shorter than high_ms.
  struct range {
    double low_ms;
    double high_ms;
  };
  /// Returns the bucket of a percentile by nearest rank; zeros without times. 0 percent is the shortest time,
  /// 100 percent the longest.
  range percentile_range(unsigned percent) const;
  /// Returns the middle of that bucket.
  double percentile_ms(unsigned percent) const;

  bool operator==(const time_histogram&) const = default;

 private:
  friend time_histogram parse_time_histogram(const nlohmann::json& list);

  std::vector<bucket> buckets_;
};

/// Reads the member "item_histogram" of a report or a row: [[index,count],…]. Throws std::invalid_argument
/// that names member, pair and value. Times and their number are below 2^53.
time_histogram parse_time_histogram(const nlohmann::json& list);

}  // namespace farebench
