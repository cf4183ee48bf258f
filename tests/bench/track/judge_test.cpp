#include "bench/track/judge.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <random>

#include "bench/track/error.hpp"

namespace farebench::track {
namespace {

using testing::HasSubstr;

TEST(interval_of_median, ten_values_at_95_percent_leave_out_one_per_end) {
  // P(at most one head in ten tosses) = 11/1024, as in tables of the sign test.
  const auto ranks = median_ranks(10, 0.95);
  ASSERT_TRUE(ranks);
  EXPECT_EQ(ranks->low, 2u);
  EXPECT_EQ(ranks->high, 9u);
  EXPECT_NEAR(ranks->confidence, 1 - 22.0 / 1024, 1e-12);
}

TEST(interval_of_median, too_few_values_give_none) {
  EXPECT_FALSE(median_ranks(0, 0.5));
  EXPECT_FALSE(median_ranks(5, 0.95)) << "2/32 is more than 5 %";
  EXPECT_TRUE(median_ranks(6, 0.95));
  EXPECT_EQ(min_values(0.95, 0), 6u);
  EXPECT_EQ(min_values(0.95, 1), 9u);
}

TEST(interval_of_median, step_equal_to_the_tail_is_left_out) {
  const auto ranks = median_ranks(10, 1 - 2.0 / 1024);
  ASSERT_TRUE(ranks);
  EXPECT_EQ(ranks->low, 1u);
  EXPECT_FALSE(median_ranks(10, 1 - 1.9 / 1024));
}

TEST(interval_of_median, is_the_narrowest_with_that_confidence) {
  for (std::size_t count = 1; count <= 60; ++count) {
    for (const double confidence : {0.5, 0.9, 0.95, 0.99, 0.999}) {
      const auto ranks = median_ranks(count, confidence);
      if (!ranks) {
        EXPECT_GT(2 * std::pow(0.5, static_cast<double>(count)), (1 - confidence) * (1 + 1e-9));
        continue;
      }
      EXPECT_GE(ranks->confidence, confidence - 1e-9);
      EXPECT_EQ(ranks->low + ranks->high, count + 1);
      // One rank further in on both sides leaves out two more steps of the distribution, which is too much.
      const auto n = static_cast<double>(count);
      const auto k = static_cast<double>(ranks->low);
      const double step =
          std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) - n * std::log(2));
      EXPECT_LT(ranks->confidence - 2 * step, confidence);
    }
  }
}

TEST(interval_of_median, covers_median_of_skewed_values_as_often_as_stated) {
  std::mt19937_64 random{20260301};
  // Its median is 1.
  std::lognormal_distribution<double> values{0, 1.5};
  for (const std::size_t count : {6u, 9u, 12u, 25u}) {
    constexpr int trials = 20'000;
    int covered = 0;
    double confidence = 0;
    for (int trial = 0; trial < trials; ++trial) {
      std::vector<double> drawn(count);
      for (auto& value : drawn) value = values(random);
      const auto interval = interval_of_median(drawn, 0.95);
      ASSERT_TRUE(interval);
      confidence = interval->confidence;
      if (interval->low <= 1 && 1 <= interval->high) ++covered;
    }
    const double error = std::sqrt(confidence * (1 - confidence) / trials);
    EXPECT_NEAR(static_cast<double>(covered) / trials, confidence, 4 * error) << count;
  }
}

TEST(interval_of_median, gives_the_values_of_its_ranks) {
  const auto interval = interval_of_median({9, 1, 8, 2, 7, 3, 6, 4, 5, 100}, 0.95);
  ASSERT_TRUE(interval);
  EXPECT_EQ(interval->low, 2);
  EXPECT_EQ(interval->high, 9);
  EXPECT_EQ(interval->median, 5.5);
  EXPECT_EQ(interval->half_width(), 3.5);
}

const metric& wall_time() { return *find_metric("real_time"); }
const metric& heap() { return *find_metric("heap_peak_bytes"); }
const metric& allocations() { return *find_metric("allocations_per_request"); }

verdict exact(const metric& of, double base, double head) {
  return judge_exact("s", of, {{base}, {head}}).verdict;
}

TEST(judge_exact, bytes_above_1_percent_are_a_change) {
  EXPECT_EQ(exact(heap(), 100'000, 101'001), verdict::regression);
  EXPECT_EQ(exact(heap(), 100'000, 101'000), verdict::same);
  EXPECT_EQ(exact(heap(), 100'000, 98'999), verdict::improvement);
}

TEST(judge_exact, small_heaps_above_64_bytes_are_a_change) {
  EXPECT_EQ(exact(heap(), 1'000, 1'064), verdict::same);
  EXPECT_EQ(exact(heap(), 1'000, 1'065), verdict::regression);
}

TEST(judge_exact, one_more_allocation_per_request_is_a_regression) {
  for (const double allocated : {0.0, 3.6, 50.0, 200.0, 5'000.0})
    EXPECT_EQ(exact(allocations(), allocated, allocated + 1), verdict::regression) << allocated;
  EXPECT_EQ(exact(allocations(), 50, 50.4), verdict::same);
}

TEST(judge_exact, change_within_the_range_cannot_be_told) {
  const auto found = judge_exact("s", heap(), {{100'000, 104'000, 102'000}, {103'000, 107'000, 105'000}});
  EXPECT_EQ(found.verdict, verdict::cannot_tell);
  EXPECT_NEAR(*found.min_detectable, 4'000.0 / 102'000, 1e-9);
  EXPECT_THAT(found.reason, HasSubstr("varied by 3.9 KiB"));
  EXPECT_EQ(judge_exact("s", heap(), {{100'000, 104'000}, {110'000, 112'000}}).verdict, verdict::regression);
}

/// Pairs whose log-ratios are distributed around `change` with a standard deviation of `noise`. The machine
/// becomes slower from pair to pair.
metric_samples pairs_around(double change, double noise, unsigned seed = 1, std::size_t count = 12) {
  std::mt19937_64 random{seed};
  std::normal_distribution<double> error{0, noise};
  metric_samples samples;
  for (std::size_t i = 0; i < count; ++i) {
    const double pair_ms = 100 * (1 + 0.3 * static_cast<double>(i));
    samples.base.push_back(pair_ms * std::exp(error(random)));
    samples.head.push_back(pair_ms * (1 + change) * std::exp(error(random)));
  }
  return samples;
}

TEST(judge_noisy, interval_beyond_floor_is_a_change) {
  const auto worse = judge_noisy("s", wall_time(), pairs_around(0.15, 0.01), 0.02, 0.95);
  EXPECT_EQ(worse.verdict, verdict::regression);
  EXPECT_NEAR(*worse.change, 0.15, 0.02);
  EXPECT_LT(*worse.low, *worse.change);
  EXPECT_GT(*worse.high, *worse.change);
  EXPECT_EQ(judge_noisy("s", wall_time(), pairs_around(-0.15, 0.01), 0.02, 0.95).verdict,
            verdict::improvement);
}

TEST(judge_noisy, interval_within_floor_is_the_same) {
  const auto found = judge_noisy("s", wall_time(), pairs_around(0, 0.005), 0.02, 0.95);
  EXPECT_EQ(found.verdict, verdict::same);
  EXPECT_FALSE(found.min_detectable);
}

TEST(judge_noisy, noise_cannot_be_told_and_states_min_detectable) {
  const auto found = judge_noisy("s", wall_time(), pairs_around(0, 0.2), 0.02, 0.95);
  EXPECT_EQ(found.verdict, verdict::cannot_tell);
  ASSERT_TRUE(found.min_detectable);
  EXPECT_GT(*found.min_detectable, 0.02);
  EXPECT_THAT(found.reason, HasSubstr("not detectable below"));
}

TEST(judge_noisy, change_of_stated_size_is_detected) {
  int untold = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const auto found = judge_noisy("s", wall_time(), pairs_around(0, 0.2, seed), 0.02, 0.95);
    if (found.verdict != verdict::cannot_tell) continue;
    ++untold;
    auto shifted = pairs_around(0, 0.2, seed);
    // Moves the middle of the interval to that change.
    const double middle = std::sqrt((1 + *found.low) * (1 + *found.high));
    for (auto& value : shifted.head) value *= (1 + *found.min_detectable) * 1.0001 / middle;
    EXPECT_EQ(judge_noisy("s", wall_time(), shifted, 0.02, 0.95).verdict, verdict::regression);
  }
  EXPECT_GE(untold, 15);
}

TEST(judge_noisy, too_few_pairs_cannot_be_told) {
  const auto found = judge_noisy("s", wall_time(), pairs_around(0.5, 0.01, 1, 5), 0.02, 0.95);
  EXPECT_EQ(found.verdict, verdict::cannot_tell);
  EXPECT_FALSE(found.min_detectable);
  EXPECT_EQ(found.reason, "5 pairs, at least 6 are needed");
}

TEST(judge_noisy, wider_floor_never_flags_more) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    const auto samples = pairs_around(0.05, 0.03, seed);
    const bool narrow = is_flagged(judge_noisy("s", wall_time(), samples, 0.02, 0.95));
    const bool wide = is_flagged(judge_noisy("s", wall_time(), samples, 0.08, 0.95));
    EXPECT_LE(wide, narrow) << seed;
  }
}

TEST(judge_noisy, swapped_sides_give_the_opposite) {
  for (const double change : {0.3, 0.0, -0.2}) {
    const auto samples = pairs_around(change, 0.01);
    const auto forward = judge_noisy("s", wall_time(), samples, 0.02, 0.95);
    const auto back = judge_noisy("s", wall_time(), {samples.head, samples.base}, 0.02, 0.95);
    EXPECT_EQ(forward.verdict == verdict::regression, back.verdict == verdict::improvement);
    EXPECT_EQ(forward.verdict == verdict::same, back.verdict == verdict::same);
    EXPECT_NEAR((1 + *forward.low) * (1 + *back.high), 1, 1e-9);
  }
}

TEST(judge_noisy, unchanged_program_is_flagged_within_confidence) {
  constexpr unsigned trials = 4'000;
  int flagged = 0;
  for (unsigned seed = 1; seed <= trials; ++seed)
    if (is_flagged(judge_noisy("s", wall_time(), pairs_around(0, 0.1, seed), 0, 0.95))) ++flagged;
  EXPECT_LE(flagged, 0.05 * trials);
  EXPECT_GT(flagged, 0) << "some must be flagged without a floor";
}

TEST(noise, floor_without_shifts_is_the_minimum) {
  EXPECT_EQ(noise{}.floor("s", wall_time()), wall_time().min_floor);
}

TEST(noise, floor_is_the_90th_percentile) {
  noise known;
  for (int i = 1; i <= 10; ++i) known.add("s", "real_time", (i % 2 == 0 ? 0.01 : -0.01) * i);
  EXPECT_NEAR(known.floor("s", wall_time()), std::expm1(0.09), 1e-12);
  EXPECT_EQ(known.floor("another", wall_time()), wall_time().min_floor);
}

TEST(noise, keeps_the_latest_shifts) {
  noise known;
  known.add("s", "real_time", 5);
  for (std::size_t i = 0; i < noise::max_shifts; ++i) known.add("s", "real_time", 0.05);
  EXPECT_EQ(known.count("s", "real_time"), noise::max_shifts);
  EXPECT_NEAR(known.floor("s", wall_time()), std::expm1(0.05), 1e-12);
}

TEST(noise, ignores_shifts_that_are_not_finite) {
  noise known;
  known.add("s", "real_time", std::numeric_limits<double>::quiet_NaN());
  known.add("s", "real_time", std::numeric_limits<double>::infinity());
  EXPECT_EQ(known.count("s", "real_time"), 0u);
}

TEST(noise, written_file_reads_back_equal) {
  noise known;
  known.add("s", "real_time", 0.1 + 0.2);
  known.add("t", "rss_growth_bytes", 0.07);
  EXPECT_EQ(noise::parse(known.to_json(), "n").to_json(), known.to_json());
}

TEST(noise, invalid_file_names_the_error) {
  const auto complaint = [](const std::string& text) {
    try {
      noise::parse(text, "file");
    } catch (const track_error& error) {
      return std::string{error.what()};
    }
    return std::string{};
  };
  EXPECT_THAT(complaint("{"), HasSubstr("file is truncated"));
  EXPECT_THAT(complaint("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(complaint(R"({"format":"x"})"), HasSubstr("is not 'farebench-noise 1'"));
  EXPECT_THAT(
      complaint(R"({"format":"farebench-noise 1","noise":[{"series":"s","metric":"m","shifts":["a"]}]})"),
      HasSubstr("not a list of numbers"));
}

TEST(inner_shift, repeating_programs_give_zero) {
  const auto shift = inner_shift({{10, 10, 20, 20, 30, 30}, {50, 50, 99, 99, 7, 7}});
  ASSERT_TRUE(shift);
  EXPECT_EQ(*shift, 0);
}

TEST(inner_shift, slower_later_runs_give_their_ratio) {
  const auto shift = inner_shift({{10, 11, 20, 22, 30, 33}, {50, 55, 100, 110, 70, 77}});
  ASSERT_TRUE(shift);
  EXPECT_NEAR(*shift, std::log(1.1), 1e-12);
}

TEST(inner_shift, fewer_than_three_fours_give_none) {
  EXPECT_FALSE(inner_shift({{1, 1, 1, 1}, {1, 1, 1, 1}}));
}

}  // namespace
}  // namespace farebench::track
