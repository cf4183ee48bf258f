#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace farebench {

/// Histogram of durations for quantiles, in 40 KiB however many are recorded. The bucket layout is
/// HdrHistogram's (http://hdrhistogram.org): exact below 256 ns, above it 128 buckets per power of two. So a
/// quantile is at most 0.8 % above the true one, and never below it. Negative durations count as 0. Those
/// of 2^43 ns (2.4 h) and more share the last bucket; max() is exact. Not synchronized.
class latency_histogram {
 public:
  latency_histogram();

  void record(std::chrono::nanoseconds duration);

  std::uint64_t count() const { return count_; }
  /// Returns the smallest duration that at least a `share`, in [0, 1], of the durations do not exceed.
  /// Returns 0 for an empty histogram.
  std::chrono::nanoseconds quantile(double share) const;
  std::chrono::nanoseconds max() const { return max_; }

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::chrono::nanoseconds max_{0};
};

}  // namespace farebench
