#include "bench/track/judge.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace farebench::track {
namespace {

TEST(order_interval, of_ten_values_at_95_percent_leaves_out_one_at_each_end) {
  // P(at most one head of ten) = 11/1024: a table of the sign test has the same.
  const auto ranks = median_ranks(10, 0.95);
  ASSERT_TRUE(ranks);
  EXPECT_EQ(ranks->low, 2u);
  EXPECT_EQ(ranks->high, 9u);
  EXPECT_NEAR(ranks->confidence, 1 - 22.0 / 1024, 1e-12);
}

TEST(order_interval, needs_enough_values) {
  EXPECT_FALSE(median_ranks(0, 0.5));
  EXPECT_FALSE(median_ranks(5, 0.95)) << "2/32 is more than 5 %";
  EXPECT_TRUE(median_ranks(6, 0.95));
  EXPECT_EQ(fewest_for(0.95, 0), 6u);
  EXPECT_EQ(fewest_for(0.95, 1), 9u);
}

TEST(order_interval, takes_a_step_that_is_exactly_the_tail) {
  const auto ranks = median_ranks(10, 1 - 2.0 / 1024);
  ASSERT_TRUE(ranks);
  EXPECT_EQ(ranks->low, 1u);
  EXPECT_FALSE(median_ranks(10, 1 - 1.9 / 1024));
}

TEST(order_interval, keeps_what_it_was_asked_for_and_is_the_narrowest_that_does) {
  for (std::size_t count = 1; count <= 60; ++count) {
    for (const double confidence : {0.5, 0.9, 0.95, 0.99, 0.999}) {
      const auto ranks = median_ranks(count, confidence);
      if (!ranks) {
        EXPECT_GT(2 * std::pow(0.5, static_cast<double>(count)), (1 - confidence) * (1 + 1e-9));
        continue;
      }
      EXPECT_GE(ranks->confidence, confidence - 1e-9);
      EXPECT_EQ(ranks->low + ranks->high, count + 1);
      // One rank further in on both sides keeps too little: its two steps of the coin are left out as well.
      const auto n = static_cast<double>(count);
      const auto k = static_cast<double>(ranks->low);
      const double step =
          std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) - n * std::log(2));
      EXPECT_LT(ranks->confidence - 2 * step, confidence);
    }
  }
}

TEST(order_interval, covers_the_median_of_lopsided_values_as_often_as_it_says) {
  std::mt19937_64 random{20260301};
  std::lognormal_distribution<double> values{0, 1.5};  // its median is 1
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

TEST(order_interval, of_values_is_made_of_values_around_their_median) {
  const auto interval = interval_of_median({9, 1, 8, 2, 7, 3, 6, 4, 5, 100}, 0.95);
  ASSERT_TRUE(interval);
  EXPECT_EQ(interval->low, 2);
  EXPECT_EQ(interval->high, 9);
  EXPECT_EQ(interval->median, 5.5);
  EXPECT_EQ(interval->half_width(), 3.5);
}

}  // namespace
}  // namespace farebench::track
