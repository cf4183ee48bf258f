#include "bench/ideal.hpp"

#include <gtest/gtest.h>

namespace farebench {
namespace {

using namespace std::chrono_literals;

TEST(ideal_wall, is_two_latencies_a_wave) {
  EXPECT_EQ(ideal_wall(100, 100, 20ms), 40ms) << "one wave";
  EXPECT_EQ(ideal_wall(100, 20, 20ms), 200ms) << "five waves";
  EXPECT_EQ(ideal_wall(100, 1, 145ms), 29s) << "the article's sequential row";
}

TEST(ideal_wall, counts_a_last_wave_that_is_not_full) {
  EXPECT_EQ(ideal_wall(101, 100, 20ms), 80ms);
  EXPECT_EQ(ideal_wall(100, 30, 1ms), 8ms);
}

TEST(ideal_wall, is_one_wave_for_more_workers_than_days) { EXPECT_EQ(ideal_wall(3, 100, 20ms), 40ms); }

TEST(ideal_wall, is_nothing_without_days_or_latency) {
  EXPECT_EQ(ideal_wall(0, 5, 20ms), 0ms);
  EXPECT_EQ(ideal_wall(100, 5, 0ms), 0ms);
}

}  // namespace
}  // namespace farebench
