#pragma once

#include <bit>
#include <cstdint>

/// Log-linear buckets for histograms of whole numbers, the layout of HdrHistogram (http://hdrhistogram.org).
/// A number below 256 has a bucket of its own; above, each power of two has 128 buckets of equal width. So
/// the middle of a bucket differs by at most 1/256 from each number in it.
namespace farebench::log_linear {

inline constexpr unsigned part_bits = 7;

/// A larger number keeps its 8 leading bits, 128 to 255, which select one of the buckets of its power of two.
constexpr std::uint64_t bucket_of(std::uint64_t number) {
  const auto bits = static_cast<unsigned>(std::bit_width(number));
  const unsigned shift = bits > part_bits + 1 ? bits - (part_bits + 1) : 0;
  return (std::uint64_t{shift} << part_bits) + (number >> shift);
}

/// Numbers of a bucket: first to first + width − 1.
struct range {
  std::uint64_t first;
  std::uint64_t width;
};

/// The bucket must be one of bucket_of().
constexpr range range_of(std::uint64_t bucket) {
  const std::uint64_t group = bucket >> part_bits;
  const std::uint64_t shift = group > 1 ? group - 1 : 0;
  return {.first = (bucket - (shift << part_bits)) << shift, .width = std::uint64_t{1} << shift};
}

}  // namespace farebench::log_linear
