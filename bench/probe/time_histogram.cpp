#include "bench/probe/time_histogram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "lib/system/log_linear.hpp"

namespace farebench {
namespace {

constexpr std::uint64_t max_count = std::uint64_t{1} << 53;
constexpr std::uint64_t last_bucket = log_linear::bucket_of(max_count - 1);

/// Adds a count of a bucket that is the last one or comes after it.
void append(std::vector<time_histogram::bucket>& buckets, const time_histogram::bucket& added) {
  if (!buckets.empty() && buckets.back().first == added.first) {
    buckets.back().second += added.second;
  } else {
    buckets.push_back(added);
  }
}

}  // namespace

time_histogram::time_histogram(std::span<const std::uint32_t> sorted_us) {
  const auto index_of = [](std::uint32_t us) {
    return static_cast<std::uint32_t>(log_linear::bucket_of(us));
  };
  // One allocation, whatever the times: clients are compared by their allocations.
  std::size_t buckets = sorted_us.empty() ? 0 : 1;
  for (std::size_t i = 1; i < sorted_us.size(); ++i)
    if (index_of(sorted_us[i]) != index_of(sorted_us[i - 1])) ++buckets;
  buckets_.reserve(buckets);
  for (const auto us : sorted_us) append(buckets_, {index_of(us), 1});
}

time_histogram& time_histogram::operator+=(const time_histogram& other) {
  std::vector<bucket> all;
  all.reserve(buckets_.size() + other.buckets_.size());
  std::ranges::merge(buckets_, other.buckets_, std::back_inserter(all));
  buckets_.clear();
  for (const auto& one : all) append(buckets_, one);
  return *this;
}

std::uint64_t time_histogram::count() const {
  std::uint64_t sum = 0;
  for (const auto& [index, count] : buckets_) sum += count;
  return sum;
}

time_histogram::range time_histogram::percentile_range(unsigned percent) const {
  // The product total · percent could overflow.
  const auto total = count();
  const auto rank = total / 100 * percent + (total % 100 * percent + 99) / 100;
  std::uint64_t cumulative = 0;
  for (const auto& [index, count] : buckets_) {
    cumulative += count;
    if (cumulative < rank) continue;
    const auto [first, width] = log_linear::range_of(index);
    return {.low_ms = static_cast<double>(first) / 1e3, .high_ms = static_cast<double>(first + width) / 1e3};
  }
  return {};
}

double time_histogram::percentile_ms(unsigned percent) const {
  const auto [low_ms, high_ms] = percentile_range(percent);
  return (low_ms + high_ms) / 2;
}

time_histogram parse_time_histogram(const nlohmann::json& list) {
  if (!list.is_array())
    throw std::invalid_argument{"\"item_histogram\" is not a list of pairs [bucket, count]"};
  time_histogram read;
  read.buckets_.reserve(list.size());
  std::uint64_t total = 0;
  for (const auto& pair : list) {
    const auto refuse = [&](const std::string& text) {
      throw std::invalid_argument{
          fmt::format("\"item_histogram\": pair {} {}", read.buckets_.size() + 1, text)};
    };
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number_unsigned() ||
        !pair[1].is_number_unsigned())
      refuse("is not [bucket, count], two whole numbers");
    const auto index = pair[0].get<std::uint64_t>();
    const auto count = pair[1].get<std::uint64_t>();
    if (index > last_bucket)
      refuse(fmt::format("has the bucket {}; the last is {}: count times in µs", index, last_bucket));
    if (!read.buckets_.empty() && index <= read.buckets_.back().first)
      refuse(fmt::format("has the bucket {} after {}: sort the pairs, one per bucket", index,
                         read.buckets_.back().first));
    if (count == 0) refuse("has the count 0: leave it out");
    if (count > max_count - total) refuse(fmt::format("has the count {}: there are more than 2^53", count));
    total += count;
    read.buckets_.emplace_back(static_cast<std::uint32_t>(index), count);
  }
  return read;
}

}  // namespace farebench
