#include "mock_server/latency/latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace farebench {
namespace {

// 128 buckets per power of two.
constexpr unsigned width_bits = 7;
constexpr unsigned max_bits = 43;
constexpr std::size_t bucket_count = std::size_t{max_bits - width_bits + 1} << width_bits;

// Each value below 256 has a bucket of its own. A larger value keeps its 8 leading bits, 128 to 255, which
// select one of the 128 buckets of its power of two.
std::size_t bucket_of(std::uint64_t ns) {
  const auto bits = static_cast<unsigned>(std::bit_width(ns));
  const unsigned shift = bits > width_bits + 1 ? bits - (width_bits + 1) : 0;
  return std::min((std::size_t{shift} << width_bits) + (ns >> shift), bucket_count - 1);
}

std::uint64_t max_ns_of(std::size_t bucket) {
  const std::size_t group = bucket >> width_bits;
  const std::size_t shift = group > 1 ? group - 1 : 0;
  return ((bucket - (shift << width_bits) + 1) << shift) - 1;
}

}  // namespace

latency_histogram::latency_histogram() : counts_(bucket_count) {}

void latency_histogram::record(std::chrono::nanoseconds duration) {
  duration = std::max(duration, std::chrono::nanoseconds{0});
  ++counts_[bucket_of(static_cast<std::uint64_t>(duration.count()))];
  ++count_;
  max_ = std::max(max_, duration);
}

std::chrono::nanoseconds latency_histogram::quantile(double share) const {
  if (count_ == 0) return {};
  const auto rank =
      static_cast<std::uint64_t>(std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_)));
  std::uint64_t cumulative = 0;
  for (std::size_t bucket = 0; bucket < bucket_count; ++bucket) {
    cumulative += counts_[bucket];
    if (cumulative > 0 && cumulative >= rank) {
      return std::min(std::chrono::nanoseconds{static_cast<std::int64_t>(max_ns_of(bucket))}, max_);
    }
  }
  return max_;
}

}  // namespace farebench
