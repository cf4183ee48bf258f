#include "bench/output/summary.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace farebench {
namespace {

using points = std::vector<measured_point>;

TEST(straight_line, meets_points_that_lie_on_one) {
  const auto line = fit_straight_line(points{{100, 1300}, {1000, 10300}, {10000, 100300}});
  ASSERT_TRUE(line);
  EXPECT_DOUBLE_EQ(line->slope, 10);
  EXPECT_NEAR(line->intercept, 300, 1e-9);
  EXPECT_DOUBLE_EQ(line->r_squared.value(), 1);
}

TEST(straight_line, is_that_of_least_squares) {
  // By hand: mean x 2, mean y 3; Sxx 2, Sxy 3, Syy 6; slope 3/2, R² = 9/12.
  const auto line = fit_straight_line(points{{1, 1}, {2, 4}, {3, 4}});
  ASSERT_TRUE(line);
  EXPECT_DOUBLE_EQ(line->slope, 1.5);
  EXPECT_DOUBLE_EQ(line->intercept, 0);
  EXPECT_DOUBLE_EQ(line->r_squared.value(), 0.75);
}

TEST(straight_line, says_nothing_of_its_fit_where_any_line_fits) {
  const auto two = fit_straight_line(points{{1, 5}, {3, 9}});
  ASSERT_TRUE(two);
  EXPECT_DOUBLE_EQ(two->slope, 2);
  EXPECT_FALSE(two->r_squared);
  const auto level = fit_straight_line(points{{1, 5}, {2, 5}, {3, 5}});
  ASSERT_TRUE(level);
  EXPECT_EQ(level->slope, 0);
  EXPECT_FALSE(level->r_squared);
}

TEST(straight_line, needs_two_different_x) {
  EXPECT_FALSE(fit_straight_line({}));
  EXPECT_FALSE(fit_straight_line(points{{1, 5}}));
  EXPECT_FALSE(fit_straight_line(points{{1, 5}, {1, 6}}));
}

}  // namespace
}  // namespace farebench
