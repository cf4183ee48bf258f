#include <gtest/gtest.h>

#include "bench/track/judge.hpp"
#include "bench/track/selftest.hpp"

namespace farebench::track {
namespace {

TEST(selftest_rates, ask_for_19_in_20_caught) {
  EXPECT_TRUE(catching_rate("m", 20, 20).is_good);
  EXPECT_TRUE(catching_rate("m", 19, 20).is_good);
  EXPECT_FALSE(catching_rate("m", 18, 20).is_good);
  EXPECT_TRUE(catching_rate("m", 4, 4).is_good);
  EXPECT_FALSE(catching_rate("m", 3, 4).is_good) << "few are no excuse";
}

TEST(selftest_rates, allow_one_alarm_in_60) {
  EXPECT_TRUE(alarm_rate("a", 0, 60).is_good);
  EXPECT_TRUE(alarm_rate("a", 1, 60).is_good);
  EXPECT_FALSE(alarm_rate("a", 2, 60).is_good);
  EXPECT_TRUE(alarm_rate("a", 0, 8).is_good);
  EXPECT_FALSE(alarm_rate("a", 1, 8).is_good);
}

TEST(selftest_rates, each_mutant_is_caught_by_a_metric_that_there_is) {
  for (const auto& one : mutants()) EXPECT_NE(find_metric(one.metric), nullptr) << one.program;
}

}  // namespace
}  // namespace farebench::track
