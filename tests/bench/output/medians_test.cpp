#include "bench/output/rows.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace farebench {
namespace {

TEST(median, of_an_odd_count_is_the_middle_one) {
  EXPECT_EQ(median({3}), 3);
  EXPECT_EQ(median({9, 1, 5}), 5);
  EXPECT_EQ(median({5, 4, 3, 2, 1}), 3);
}

TEST(median, of_an_even_count_lies_between_the_middle_two) {
  EXPECT_EQ(median({1, 2}), 1.5);
  EXPECT_EQ(median({10, 1, 4, 2}), 3);
}

TEST(median, of_nothing_is_nothing) { EXPECT_FALSE(median({})); }

TEST(median_column, is_of_the_repetitions_that_have_a_finite_value) {
  const summary_case what{.strategy = "a",
                          .repetitions = {{.columns = {{"x", 1}}},
                                          {.columns = {{"y", 9}}},
                                          {.columns = {{"x", std::numeric_limits<double>::quiet_NaN()}}},
                                          {.columns = {{"x", 3}}}}};
  EXPECT_EQ(median_column(what, "x"), 2);
  EXPECT_EQ(median_column(what, "z"), std::nullopt);
  EXPECT_EQ(median_time_ms(what), std::nullopt);
}

TEST(has_failed, tells_of_one_failed_repetition) {
  EXPECT_FALSE(has_failed({.strategy = "a", .repetitions = {{}, {.verdict = {.warning = "late"}}}}));
  EXPECT_TRUE(has_failed({.strategy = "a", .repetitions = {{}, {.verdict = {.failure = "wrong"}}}}));
}

}  // namespace
}  // namespace farebench
