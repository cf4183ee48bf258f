// A percentile of the histogram is within the stated error of that of the times, whatever the times, and the
// sum of histograms is the histogram of all times.

#include "bench/probe/time_histogram.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "lib/system/log_linear.hpp"

namespace farebench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr double max_us = std::numeric_limits<std::uint32_t>::max();

/// Histogram of ascending times with fractions of a µs, as a client builds it.
time_histogram histogram_of(const std::vector<double>& sorted_us) {
  std::vector<std::uint32_t> whole;
  whole.reserve(sorted_us.size());
  for (const double us : sorted_us) whole.push_back(static_cast<std::uint32_t>(us));
  return time_histogram{whole};
}

time_histogram parsed(const std::string& text) { return parse_time_histogram(nlohmann::json::parse(text)); }

template <typename Draw>
std::vector<double> drawn(std::size_t count, Draw draw) {
  std::mt19937_64 random{20260301};
  std::vector<double> times(count);
  for (double& time : times) time = std::clamp(draw(random), 0.0, max_us);
  return times;
}

std::vector<double> around_powers_of_two() {
  std::vector<double> times;
  for (int bits = 0; bits < 32; ++bits) {
    for (const double distance : {-1.0, -0.001, 0.0, 0.001, 1.0})
      times.push_back(std::max(std::ldexp(1, bits) + distance, 0.0));
  }
  return times;
}

std::vector<double> edges_of_buckets() {
  std::vector<double> times;
  const auto last = log_linear::bucket_of(static_cast<std::uint64_t>(max_us));
  for (std::uint64_t bucket = 0; bucket <= last; ++bucket) {
    const auto [first, width] = log_linear::range_of(bucket);
    times.push_back(static_cast<double>(first));
    times.push_back(std::nextafter(static_cast<double>(first + width), 0.0));
  }
  return times;
}

std::vector<double> two_far_apart() {
  std::vector<double> times(98, 0.25);
  times.resize(100, 4e9);
  return times;
}

double heavy_tail(std::mt19937_64& random) {
  const double share = std::uniform_real_distribution<>{1e-12, 1}(random);
  return 100 / std::pow(share, 1.5);
}

/// Times that bring a histogram to its limits.
struct adversary {
  const char* name;
  std::vector<double> (*times_us)();
};

void PrintTo(const adversary& tried, std::ostream* out) { *out << tried.name; }

constexpr adversary adversaries[] = {
    {"one_time", [] { return std::vector{20'480.0}; }},
    {"one_longest_time", [] { return std::vector{max_us}; }},
    {"zeros", [] { return std::vector<double>(100, 0.0); }},
    {"constant", [] { return std::vector<double>(1'000, 41'000.999); }},
    {"two_far_apart", two_far_apart},
    {"around_powers_of_two", around_powers_of_two},
    {"edges_of_buckets", edges_of_buckets},
    {"below_1_ms", [] { return drawn(10'000, std::uniform_real_distribution<>{0, 1e3}); }},
    {"uniform", [] { return drawn(100'000, std::uniform_real_distribution<>{0, 1e6}); }},
    {"log_normal", [] { return drawn(1'000'000, std::lognormal_distribution<>{std::log(20'000), 0.6}); }},
    {"heavy_tail", [] { return drawn(100'000, heavy_tail); }},
};

class percentile_of : public testing::TestWithParam<adversary> {};

TEST_P(percentile_of, times_has_stated_error) {
  auto times = GetParam().times_us();
  std::ranges::sort(times);
  const auto histogram = histogram_of(times);
  EXPECT_EQ(histogram.count(), times.size());
  for (unsigned percent = 0; percent <= 100; ++percent) {
    // Nearest rank, in whole numbers.
    const auto rank = std::max<std::size_t>((times.size() * percent + 99) / 100, 1);
    const double exact_us = times[rank - 1];
    const double error_us = std::abs(1e3 * histogram.percentile_ms(percent) - exact_us);
    // The last term is for the rounding of doubles.
    EXPECT_LE(error_us, std::max(0.5, exact_us / 256) * (1 + 1e-12)) << percent << " %: " << exact_us;
    const auto [low_ms, high_ms] = histogram.percentile_range(percent);
    EXPECT_LE(1e3 * low_ms, exact_us * (1 + 1e-12));
    EXPECT_GT(1e3 * high_ms * (1 + 1e-12), exact_us);
  }
}

INSTANTIATE_TEST_SUITE_P(adversaries, percentile_of, testing::ValuesIn(adversaries),
                         [](const auto& tried) { return tried.param.name; });

TEST(time_histogram, buckets_cover_all_numbers_in_order) {
  std::uint64_t next = 0;
  for (std::uint64_t bucket = 0; bucket <= log_linear::bucket_of((std::uint64_t{1} << 53) - 1); ++bucket) {
    const auto [first, width] = log_linear::range_of(bucket);
    ASSERT_EQ(first, next) << bucket;
    ASSERT_EQ(log_linear::bucket_of(first), bucket);
    ASSERT_EQ(log_linear::bucket_of(first + width - 1), bucket);
    ASSERT_LE(width, std::max<std::uint64_t>(first / 128, 1));
    next = first + width;
  }
  EXPECT_EQ(next, std::uint64_t{1} << 53);
}

TEST(time_histogram, no_times_give_zeros) {
  const time_histogram none;
  EXPECT_EQ(none.count(), 0u);
  EXPECT_EQ(none.percentile_ms(50), 0.0);
  EXPECT_EQ(none, time_histogram{std::vector<std::uint32_t>{}});
}

TEST(time_histogram, percentile_is_nearest_rank) {
  std::vector<std::uint32_t> times(100);
  for (std::uint32_t i = 0; i < 100; ++i) times[i] = i + 1;
  const time_histogram histogram{times};
  EXPECT_EQ(histogram.percentile_ms(0), 0.0015);
  EXPECT_EQ(histogram.percentile_ms(1), 0.0015);
  EXPECT_EQ(histogram.percentile_ms(50), 0.0505);
  EXPECT_EQ(histogram.percentile_ms(99), 0.0995);
  EXPECT_EQ(histogram.percentile_ms(100), 0.1005);
}

TEST(time_histogram, largest_counts_give_percentiles) {
  // 2^53 / 100 is no whole number.
  const auto histogram = parsed("[[1,4503599627370495],[2,4503599627370496],[3,1]]");
  EXPECT_EQ(histogram.percentile_ms(49), 0.0015);
  EXPECT_EQ(histogram.percentile_ms(50), 0.0025);
  EXPECT_EQ(histogram.percentile_ms(100), 0.0035);
}

/// Histograms of parts of one list of times, and the histogram of the whole.
struct split_times {
  std::vector<time_histogram> parts;
  time_histogram whole;
};

split_times split(std::size_t count) {
  split_times split;
  std::mt19937_64 random{7};
  std::vector<double> all;
  for (std::size_t part = 0; part < count; ++part) {
    std::lognormal_distribution<> draw{std::log(1'000) + static_cast<double>(part), 0.5};
    std::vector<double> times(part * 37);
    for (double& time : times) time = draw(random);
    std::ranges::sort(times);
    split.parts.push_back(histogram_of(times));
    all.insert(all.end(), times.begin(), times.end());
  }
  std::ranges::sort(all);
  split.whole = histogram_of(all);
  return split;
}

TEST(time_histogram, sum_equals_histogram_of_all_times) {
  const auto [parts, whole] = split(8);
  time_histogram sum;
  for (const auto& part : parts) sum += part;
  EXPECT_EQ(sum, whole);
}

TEST(time_histogram, sum_has_any_order) {
  auto [parts, whole] = split(5);
  const auto precedes = [](const time_histogram& one, const time_histogram& other) {
    return one.buckets() < other.buckets();
  };
  std::ranges::sort(parts, precedes);
  std::size_t orders = 0;
  do {
    time_histogram sum;
    for (const auto& part : parts) sum += part;
    ASSERT_EQ(sum, whole);
    ++orders;
  } while (std::ranges::next_permutation(parts, precedes).found);
  EXPECT_EQ(orders, 120u);
}

TEST(time_histogram, sum_is_associative) {
  const auto [parts, whole] = split(3);
  auto left = parts[0];
  left += parts[1];
  left += parts[2];
  auto right = parts[1];
  right += parts[2];
  right += parts[0];
  EXPECT_EQ(left, right);
  left += time_histogram{};
  EXPECT_EQ(left, right);
}

TEST(time_histogram, added_to_itself_doubles_counts) {
  const std::vector<std::uint32_t> times{5, 5, 1000};
  time_histogram twice{times};
  twice += time_histogram{twice};
  EXPECT_THAT(twice.buckets(), ElementsAre(Pair(5, 4), Pair(506, 2)));
}

TEST(time_histogram, json_round_trip_gives_same_histogram) {
  for (const auto& part : split(6).parts)
    EXPECT_EQ(parse_time_histogram(nlohmann::json(part.buckets())), part);
}

TEST(time_histogram, malformed_list_is_refused) {
  struct {
    const char* text;
    const char* reason;
  } const malformed[]{
      {"7", "is not a list of pairs"},
      {"{}", "is not a list of pairs"},
      {"null", "is not a list of pairs"},
      {"[7]", "pair 1 is not [bucket, count]"},
      {"[[1,2],[3]]", "pair 2 is not [bucket, count]"},
      {"[[1,2,3]]", "pair 1 is not [bucket, count]"},
      {"[[1.5,2]]", "pair 1 is not [bucket, count]"},
      {"[[1,-2]]", "pair 1 is not [bucket, count]"},
      {"[[\"1\",2]]", "pair 1 is not [bucket, count]"},
      {"[[6016,1]]", "bucket 6016; the last is 6015"},
      {"[[2,1],[1,1]]", "pair 2 has the bucket 1 after 2"},
      {"[[2,1],[2,1]]", "pair 2 has the bucket 2 after 2"},
      {"[[2,0]]", "pair 1 has the count 0"},
      {"[[1,9007199254740992],[2,1]]", "pair 2 has the count 1: there are more than 2^53"},
      {"[[1,18446744073709551615]]", "more than 2^53"},
  };
  for (const auto& [text, reason] : malformed) {
    try {
      parsed(text);
      ADD_FAILURE() << text;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), testing::StartsWith("\"item_histogram\"")) << text;
      EXPECT_THAT(error.what(), HasSubstr(reason)) << text;
    }
  }
}

}  // namespace
}  // namespace farebench
