#include "bench/output/statistics.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "tests/bench/output/sample_results.hpp"

namespace farebench {
namespace {

using points = std::vector<measured_point>;
using testing::IsEmpty;
using testing::SizeIs;

TEST(median, of_odd_count_is_middle_value) {
  EXPECT_EQ(median({3}), 3);
  EXPECT_EQ(median({9, 1, 5}), 5);
  EXPECT_EQ(median({5, 4, 3, 2, 1}), 3);
}

TEST(median, of_even_count_is_mean_of_middle_two) {
  EXPECT_EQ(median({1, 2}), 1.5);
  EXPECT_EQ(median({10, 1, 4, 2}), 3);
}

TEST(median, of_no_values_is_absent) { EXPECT_FALSE(median({})); }

TEST(median_of, uses_repetitions_with_a_finite_value) {
  case_result result = sample_result("a", 1, 5);
  result.repetitions = {{.columns = {{"x", 1}}},
                        {.columns = {{"y", 9}}},
                        {.columns = {{"x", std::numeric_limits<double>::quiet_NaN()}}},
                        {.columns = {{"x", 3}}}};
  EXPECT_EQ(median_of(result, "x"), 2);
  EXPECT_EQ(median_of(result, "z"), std::nullopt);
  EXPECT_EQ(median_of(result, "real_time"), std::nullopt);
}

TEST(median_of, real_time_is_wall_time) { EXPECT_EQ(median_of(sample_result("a", 1, 5), "real_time"), 5); }

TEST(merged_percentile, is_of_all_items_together) {
  // The median of the three 99th percentiles would be 1 ms, and their mean 34 ms.
  const std::vector rows{row_with_slow_items(100, 0), row_with_slow_items(100, 0),
                         row_with_slow_items(100, 9)};
  time_histogram sum;
  for (const auto& row : rows) sum += *row.item_histogram;
  EXPECT_EQ(merged_percentile(rows, "scrape_p99_ms"), sum.percentile_ms(99));
  EXPECT_GT(*merged_percentile(rows, "scrape_p99_ms"), 99.5);
  EXPECT_EQ(merged_percentile(rows, "scrape_p50_ms"), rows[0].columns.at("scrape_p50_ms"));
}

TEST(merged_percentile, needs_a_histogram_of_each_repetition) {
  std::vector rows{row_with_slow_items(100, 0), row_with_slow_items(100, 9)};
  rows[1].item_histogram.reset();
  EXPECT_EQ(merged_percentile(rows, "scrape_p99_ms"), std::nullopt);
  EXPECT_EQ(merged_percentile({}, "scrape_p99_ms"), std::nullopt);
}

TEST(merged_percentile, other_columns_have_none) {
  const std::vector rows{row_with_slow_items(100, 0)};
  for (const char* name : {"real_time", "server_late_p99_ms", "no_column"})
    EXPECT_EQ(merged_percentile(rows, name), std::nullopt) << name;
}

TEST(has_failed, one_failed_repetition_is_enough) {
  auto result = sample_result("a", 1, 5);
  result.repetitions.push_back({.verdict = {.warning = "late"}});
  EXPECT_FALSE(has_failed(result));
  result.repetitions.push_back({.verdict = {.failure = "wrong"}});
  EXPECT_TRUE(has_failed(result));
}

TEST(ratio_to_floor, uses_floor_of_same_point) {
  const std::vector<case_result> all{sample_result("a", 20, 30), sample_result("raw_epoll", 100, 10),
                                     sample_result("raw_epoll", 20, 20)};
  EXPECT_EQ(ratio_to_floor(all[0], all, "real_time"), 1.5);
  EXPECT_EQ(ratio_to_floor(all[2], all, "real_time"), 1);
}

TEST(ratio_to_floor, needs_floor_that_passed_and_its_figure) {
  std::vector<case_result> all{sample_result("a", 20, 30), sample_result("raw_epoll", 20, 20)};
  EXPECT_EQ(ratio_to_floor(all[0], all, "no_such_column"), std::nullopt);
  EXPECT_EQ(ratio_to_floor(sample_result("a", 7, 30), all, "real_time"), std::nullopt);
  auto zero = all;
  zero[1].repetitions[0].real_time_ms = 0;
  EXPECT_EQ(ratio_to_floor(zero[0], zero, "real_time"), std::nullopt);
  all[1].repetitions.push_back({.verdict = {.failure = "wrong fares"}});
  EXPECT_EQ(ratio_to_floor(all[0], all, "real_time"), std::nullopt);
}

TEST(ratio_to_floor, keeps_hold_and_burst_apart) {
  std::vector<case_result> all{sample_result("a", 20, 30), sample_result("raw_epoll", 20, 20)};
  all[0].parameters.kind = point_kind::hold;
  all[1].parameters.kind = point_kind::burst;
  EXPECT_EQ(ratio_to_floor(all[0], all, "real_time"), std::nullopt);
}

TEST(straight_line, goes_through_points_on_a_line) {
  const auto line = fit_straight_line(points{{100, 1300}, {1000, 10300}, {10000, 100300}});
  ASSERT_TRUE(line);
  EXPECT_DOUBLE_EQ(line->slope, 10);
  EXPECT_NEAR(line->intercept, 300, 1e-9);
  EXPECT_DOUBLE_EQ(line->r_squared.value(), 1);
}

TEST(straight_line, minimises_squares) {
  // By hand: mean x 2, mean y 3; Sxx 2, Sxy 3, Syy 6; slope 3/2, R² = 9/12.
  const auto line = fit_straight_line(points{{1, 1}, {2, 4}, {3, 4}});
  ASSERT_TRUE(line);
  EXPECT_DOUBLE_EQ(line->slope, 1.5);
  EXPECT_DOUBLE_EQ(line->intercept, 0);
  EXPECT_DOUBLE_EQ(line->r_squared.value(), 0.75);
}

TEST(straight_line, has_no_r_squared_if_any_line_fits) {
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

TEST(recommend, names_fastest_leanest_and_min_workers) {
  const std::vector<case_result> all{
      sample_result("threads", 100, 100, 30), sample_result("fibers", 50, 105, 12),
      sample_result("fibers", 100, 102, 11), sample_result("fibers", 20, 106, 5),
      sample_result("raw_epoll", 100, 50, 1)};
  const auto recommendations = recommend(all);
  ASSERT_THAT(recommendations, SizeIs(1));
  EXPECT_EQ(recommendations[0].fastest, &all[0]);
  EXPECT_EQ(recommendations[0].leanest, &all[2]);
  EXPECT_EQ(recommendations[0].min_workers, &all[1]) << "20 workers are 6 % slower than the fastest";
  EXPECT_THAT(recommendations[0].compared, SizeIs(5));
}

TEST(recommend, ignores_failed_cases) {
  std::vector<case_result> all{sample_result("a", 1, 10), sample_result("b", 1, 20)};
  all[0].repetitions.push_back({.verdict = {.failure = "wrong"}});
  EXPECT_EQ(recommend(all).at(0).fastest, &all[1]);
  all[1].repetitions.push_back({.verdict = {.failure = "wrong"}});
  EXPECT_THAT(recommend(all), IsEmpty());
}

TEST(recommend, compares_only_cases_of_the_same_work) {
  std::vector<case_result> all{sample_result("a", 1, 10), sample_result("a", 2, 10),
                               sample_result("a", 3, 10), sample_result("a", 4, 10),
                               sample_result("a", 5, 10)};
  all[1].parameters.items = 7;
  all[2].parameters.latency = std::chrono::milliseconds{21};
  all[3].parameters.engine = engine_kind::cpp_httplib;
  all[4].parameters.kind = point_kind::hold;
  EXPECT_THAT(recommend(all), SizeIs(5));
}

}  // namespace
}  // namespace farebench
