#include "mock_server/latency/latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace farebench {
namespace {

constexpr unsigned width_bits = 7;  // 128 buckets for each power of two
constexpr unsigned most_bits = 43;
constexpr std::size_t bucket_count = std::size_t{most_bits - width_bits + 1} << width_bits;

// A value of b significant bits, b > 8, loses its low b - 8 bits; what is left, 128 to 255, is its place
// within the 128 buckets of that power of two. Values below 256 are their own bucket.
std::size_t bucket_of(std::uint64_t ns) {
  const auto bits = static_cast<unsigned>(std::bit_width(ns));
  const unsigned shift = bits > width_bits + 1 ? bits - (width_bits + 1) : 0;
  return std::min((std::size_t{shift} << width_bits) + (ns >> shift), bucket_count - 1);
}

// The greatest value that falls into the bucket.
std::uint64_t top_of(std::size_t bucket) {
  const std::size_t group = bucket >> width_bits;
  const std::size_t shift = group > 1 ? group - 1 : 0;
  return ((bucket - (shift << width_bits) + 1) << shift) - 1;
}

}  // namespace

latency_histogram::latency_histogram() : counts_(bucket_count) {}

void latency_histogram::record(std::chrono::nanoseconds duration) {
  const std::chrono::nanoseconds counted = std::max(duration, std::chrono::nanoseconds{0});
  ++counts_[bucket_of(static_cast<std::uint64_t>(counted.count()))];
  ++count_;
  max_ = std::max(max_, counted);
}

std::chrono::nanoseconds latency_histogram::quantile(double share) const {
  if (count_ == 0) return {};
  const auto rank =
      static_cast<std::uint64_t>(std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < bucket_count; ++bucket) {
    seen += counts_[bucket];
    if (seen > 0 && seen >= rank) {
      return std::min(std::chrono::nanoseconds{static_cast<std::int64_t>(top_of(bucket))}, max_);
    }
  }
  return max_;
}

}  // namespace farebench
