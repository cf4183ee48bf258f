#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace farebench {

/// Counts durations, to answer quantiles from bounded memory (40 KiB) whatever their number.
/// Below 256 ns exact; above, in buckets 1/128 of their power of two wide, so that a quantile is at most
/// 0.8 % above the true one and never below it (the layout is HdrHistogram's: http://hdrhistogram.org).
/// Negative durations count as 0, those of 2^43 ns (2.4 h) and more in the last bucket; max is exact.
/// Owned by one thread.
class latency_histogram {
 public:
  latency_histogram();

  void record(std::chrono::nanoseconds duration);

  std::uint64_t count() const { return count_; }
  /// The least duration that at least `share` of those recorded do not pass, share in [0, 1]; 0 when
  /// none was recorded.
  std::chrono::nanoseconds quantile(double share) const;
  std::chrono::nanoseconds max() const { return max_; }

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::chrono::nanoseconds max_{0};
};

}  // namespace farebench
