#include "bench/timeline/memory_curve.hpp"

#include <gtest/gtest.h>

#include "tests/bench/timeline/made_up_curve.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

TEST(next_sample, is_the_first_whole_interval_after_now) {
  const auto begin = moment(0ms);
  EXPECT_EQ(next_sample(begin, 2ms, moment(0ms)), moment(2ms));
  EXPECT_EQ(next_sample(begin, 2ms, moment(1ns)), moment(2ms));
  EXPECT_EQ(next_sample(begin, 2ms, moment(2ms - 1ns)), moment(2ms));
  EXPECT_EQ(next_sample(begin, 2ms, moment(2ms)), moment(4ms));
  EXPECT_EQ(next_sample(begin, 500us, moment(1700us)), moment(2ms));
}

TEST(next_sample, does_not_drift_with_what_sampling_takes) {
  auto now = moment(0ms);
  for (int i = 1; i <= 1000; ++i) {
    now = next_sample(moment(0ms), 2ms, now);
    ASSERT_EQ(now, moment(i * 2ms));
    now += 700us;
  }
}

TEST(next_sample, leaves_out_moments_that_were_missed) {
  EXPECT_EQ(next_sample(moment(0ms), 2ms, moment(31ms)), moment(32ms));
}

}  // namespace
}  // namespace farebench
