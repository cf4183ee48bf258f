#include "bench/track/selftest.hpp"

#include <gtest/gtest.h>

#include "bench/track/judge.hpp"

namespace farebench::track {
namespace {

TEST(selftest, catching_19_of_20_is_good) {
  EXPECT_TRUE(catching_rate("m", 20, 20).is_good);
  EXPECT_TRUE(catching_rate("m", 19, 20).is_good);
  EXPECT_FALSE(catching_rate("m", 18, 20).is_good);
  EXPECT_TRUE(catching_rate("m", 4, 4).is_good);
  EXPECT_FALSE(catching_rate("m", 3, 4).is_good) << "few comparisons change nothing";
}

TEST(selftest, one_alarm_in_60_is_good) {
  EXPECT_TRUE(alarm_rate("a", 0, 60).is_good);
  EXPECT_TRUE(alarm_rate("a", 1, 60).is_good);
  EXPECT_FALSE(alarm_rate("a", 2, 60).is_good);
  EXPECT_TRUE(alarm_rate("a", 0, 8).is_good);
  EXPECT_FALSE(alarm_rate("a", 1, 8).is_good);
}

TEST(selftest, metric_of_each_mutant_exists) {
  for (const auto& mutant : mutants()) EXPECT_NE(find_metric(mutant.metric), nullptr) << mutant.name;
}

}  // namespace
}  // namespace farebench::track
