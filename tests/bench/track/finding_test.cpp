#include "bench/track/judge.hpp"

#include <gmock/gmock.h>

#include <random>

#include "tests/bench/track/wall_time.hpp"

namespace farebench::track {
namespace {

using testing::HasSubstr;

const metric& heap() { return *find_metric("heap_peak_bytes"); }
const metric& allocations() { return *find_metric("allocations_per_request"); }

verdict exact(const metric& of, double base, double head) {
  return judge_exact("s", of, {{base}, {head}}).what;
}

TEST(judge_exact, tells_of_bytes_above_1_percent) {
  EXPECT_EQ(exact(heap(), 100'000, 101'001), verdict::regression);
  EXPECT_EQ(exact(heap(), 100'000, 101'000), verdict::same);
  EXPECT_EQ(exact(heap(), 100'000, 98'999), verdict::improvement);
}

TEST(judge_exact, tells_of_small_heaps_above_64_bytes) {
  EXPECT_EQ(exact(heap(), 1'000, 1'064), verdict::same);
  EXPECT_EQ(exact(heap(), 1'000, 1'065), verdict::regression);
}

TEST(judge_exact, tells_of_one_allocation_more_a_request_however_many_there_are) {
  for (const double allocated : {0.0, 3.6, 50.0, 200.0, 5'000.0})
    EXPECT_EQ(exact(allocations(), allocated, allocated + 1), verdict::regression) << allocated;
  EXPECT_EQ(exact(allocations(), 50, 50.4), verdict::same);
}

TEST(judge_exact, does_not_take_what_varies_for_a_change) {
  const auto found = judge_exact("s", heap(), {{100'000, 104'000, 102'000}, {103'000, 107'000, 105'000}});
  EXPECT_EQ(found.what, verdict::cannot_tell);
  EXPECT_NEAR(*found.smallest_seen, 4'000.0 / 102'000, 1e-9);
  EXPECT_THAT(found.why, HasSubstr("varied by 3.9 KiB"));
  EXPECT_EQ(judge_exact("s", heap(), {{100'000, 104'000}, {110'000, 112'000}}).what, verdict::regression);
}

/// Twelve pairs whose log-ratios lie around `change` with a spread of `noise`.
metric_samples pairs_around(double change, double noise, unsigned seed = 1, std::size_t count = 12) {
  std::mt19937_64 random{seed};
  std::normal_distribution<double> error{0, noise};
  metric_samples samples;
  for (std::size_t i = 0; i < count; ++i) {
    const double at_the_time =
        100 * (1 + 0.3 * static_cast<double>(i));  // a machine that slows down hurts no pair
    samples.base.push_back(at_the_time * std::exp(error(random)));
    samples.head.push_back(at_the_time * (1 + change) * std::exp(error(random)));
  }
  return samples;
}

TEST(judge_noisy, calls_what_is_beyond_the_floor_as_a_whole) {
  const auto worse = judge_noisy("s", time_of_wall(), pairs_around(0.15, 0.01), 0.02, 0.95);
  EXPECT_EQ(worse.what, verdict::regression);
  EXPECT_NEAR(*worse.change, 0.15, 0.02);
  EXPECT_LT(*worse.low, *worse.change);
  EXPECT_GT(*worse.high, *worse.change);
  EXPECT_EQ(judge_noisy("s", time_of_wall(), pairs_around(-0.15, 0.01), 0.02, 0.95).what,
            verdict::improvement);
}

TEST(judge_noisy, calls_what_is_inside_the_floor_the_same) {
  const auto found = judge_noisy("s", time_of_wall(), pairs_around(0, 0.005), 0.02, 0.95);
  EXPECT_EQ(found.what, verdict::same);
  EXPECT_FALSE(found.smallest_seen);
}

TEST(judge_noisy, cannot_tell_of_noise_and_says_what_it_could_have_seen) {
  const auto found = judge_noisy("s", time_of_wall(), pairs_around(0, 0.2), 0.02, 0.95);
  EXPECT_EQ(found.what, verdict::cannot_tell);
  ASSERT_TRUE(found.smallest_seen);
  EXPECT_GT(*found.smallest_seen, 0.02);
  EXPECT_THAT(found.why, HasSubstr("could not be seen"));
}

TEST(judge_noisy, could_indeed_see_a_change_of_the_size_that_it_says) {
  int told = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const auto found = judge_noisy("s", time_of_wall(), pairs_around(0, 0.2, seed), 0.02, 0.95);
    if (found.what != verdict::cannot_tell) continue;
    ++told;
    auto shifted = pairs_around(0, 0.2, seed);
    // The interval moved so that its middle is where that change is.
    const double middle = std::sqrt((1 + *found.low) * (1 + *found.high));
    for (auto& value : shifted.head) value *= (1 + *found.smallest_seen) * 1.0001 / middle;
    EXPECT_EQ(judge_noisy("s", time_of_wall(), shifted, 0.02, 0.95).what, verdict::regression);
  }
  EXPECT_GE(told, 15);
}

TEST(judge_noisy, cannot_tell_of_too_few_pairs) {
  const auto found = judge_noisy("s", time_of_wall(), pairs_around(0.5, 0.01, 1, 5), 0.02, 0.95);
  EXPECT_EQ(found.what, verdict::cannot_tell);
  EXPECT_FALSE(found.smallest_seen);
  EXPECT_EQ(found.why, "5 pairs, at least 6 are needed");
}

TEST(judge_noisy, a_wider_floor_never_finds_more) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    const auto samples = pairs_around(0.05, 0.03, seed);
    const bool narrow = is_flagged(judge_noisy("s", time_of_wall(), samples, 0.02, 0.95));
    const bool wide = is_flagged(judge_noisy("s", time_of_wall(), samples, 0.08, 0.95));
    EXPECT_LE(wide, narrow) << seed;
  }
}

TEST(judge_noisy, turned_round_it_finds_the_opposite) {
  for (const double change : {0.3, 0.0, -0.2}) {
    const auto samples = pairs_around(change, 0.01);
    const auto forward = judge_noisy("s", time_of_wall(), samples, 0.02, 0.95);
    const auto back = judge_noisy("s", time_of_wall(), {samples.head, samples.base}, 0.02, 0.95);
    EXPECT_EQ(forward.what == verdict::regression, back.what == verdict::improvement);
    EXPECT_EQ(forward.what == verdict::same, back.what == verdict::same);
    EXPECT_NEAR((1 + *forward.low) * (1 + *back.high), 1, 1e-9);
  }
}

TEST(judge_noisy, flags_an_unchanged_program_no_more_often_than_its_confidence_allows) {
  constexpr unsigned trials = 4'000;
  int flagged = 0;
  for (unsigned seed = 1; seed <= trials; ++seed)
    if (is_flagged(judge_noisy("s", time_of_wall(), pairs_around(0, 0.1, seed), 0, 0.95))) ++flagged;
  EXPECT_LE(flagged, 0.05 * trials);
  EXPECT_GT(flagged, 0) << "without a floor some must be";
}

}  // namespace
}  // namespace farebench::track
