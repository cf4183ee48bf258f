#include "bench/output/summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "tests/bench/output/table_lines.hpp"

namespace farebench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

finished_row row(double time_ms, double ideal_ratio = 1.25) {
  return {.real_time_ms = time_ms,
          .columns = {{"ideal_ratio", ideal_ratio},
                      {"rss_peak_bytes", 15.5 * (1 << 20)},
                      {"bytes_per_worker", 20.25 * (1 << 10)},
                      {"cpu_us_per_request", 101.44},
                      {"another_column", 3}}};
}

finished_row failed(std::string reason) {
  auto result = row(1);
  result.verdict.failure = std::move(reason);
  return result;
}

std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

TEST(summary_table, is_aligned_and_shows_each_figure_in_its_unit) {
  const std::vector<summary_case> cases{
      {.strategy = "sequential", .workers = 1, .repetitions = {row(4123.44, 1.03)}},
      {.strategy = "thread_pool",
       .workers = 20,
       .note = "article's default pool: 5 × cores",
       .repetitions = {row(250), row(240), row(260)}}};
  EXPECT_EQ(summary_table(cases),
            "strategy     workers                                 time ms  ×ideal  peak MiB  KiB/worker  CPU "
            "µs/request\n"
            "────────────────────────────────────────────────────────────────────────────────────────────────"
            "──────────\n"
            "sequential   1                                        4123.4    1.03      15.5        20.2      "
            "     101.4\n"
            "thread_pool  20 (article's default pool: 5 × cores)    250.0    1.25      15.5        20.2      "
            "     101.4\n");
}

TEST(summary_table, shows_seconds_for_all_once_the_longest_takes_ten) {
  const auto table =
      summary_table(std::vector<summary_case>{{"a", 1, "", {row(29'300)}}, {"b", 9, "", {row(300)}}});
  EXPECT_THAT(table, HasSubstr("time s"));
  EXPECT_THAT(table, HasSubstr(" 29.30 "));
  EXPECT_THAT(table, HasSubstr(" 0.30 "));
}

TEST(summary_table, takes_the_median_of_each_column_over_the_repetitions_that_have_it) {
  auto without_ratio = row(30);
  without_ratio.columns.erase("ideal_ratio");
  const auto table =
      summary_table(std::vector<summary_case>{{"a", 1, "", {row(10, 2), without_ratio, row(20, 4)}}});
  EXPECT_THAT(table, HasSubstr(" 20.0 "));
  EXPECT_THAT(table, HasSubstr(" 3.00 "));
}

TEST(summary_table, shows_a_dash_for_what_does_not_apply) {
  auto odd = row(10, std::numeric_limits<double>::quiet_NaN());
  odd.columns.erase("bytes_per_worker");
  const auto table = summary_table(std::vector<summary_case>{{"a", 1, "", {odd}}, {"b", 1, "", {row(10)}}});
  const auto lines = lines_of(table);
  EXPECT_EQ(width(lines.at(2)), width(lines.at(3)));
  EXPECT_THAT(lines.at(2), ::testing::ContainsRegex("10\\.0 +– +15\\.5 +– +101\\.4"));
  EXPECT_THAT(table, Not(HasSubstr("nan")));
}

TEST(summary_table, shows_why_a_case_failed_instead_of_its_figures) {
  const auto lines = lines_of(summary_table(
      std::vector<summary_case>{{"a", 1, "", {failed("17 fares\nare missing")}},
                                {"bbbbbb", 100, "", {row(1), failed("first"), failed("second")}},
                                {"c", 1, "", {row(1)}}}));
  EXPECT_EQ(lines.at(2), "a         1        FAILED: 17 fares are missing");
  EXPECT_EQ(lines.at(3), "bbbbbb    100      FAILED (2 of 3): first");
  EXPECT_EQ(width(lines.at(4)), width(lines.at(0)));
}

TEST(summary_table, ends_with_the_warnings) {
  auto late = row(1);
  late.verdict.warning = "server late p99 3 ms";
  const auto lines = lines_of(
      summary_table(std::vector<summary_case>{{"a", 1, "", {late}}, {"b", 20, "", {row(1), late, late}}}));
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_EQ(lines[4], "warning: a, 1 workers: server late p99 3 ms");
  EXPECT_EQ(lines[5], "warning: b, 20 workers (2 of 3): server late p99 3 ms");
}

/// A case at a point, for the floor's columns.
summary_case at(std::string strategy, std::string point, double time_ms, double cpu_us) {
  auto one = row(time_ms);
  one.columns["cpu_us_per_request"] = cpu_us;
  return {.strategy = std::move(strategy), .workers = 7, .repetitions = {one}, .point = std::move(point)};
}

TEST(summary_table, shows_time_and_cpu_over_the_floors_of_the_same_point) {
  const auto lines = lines_of(summary_table(
      std::vector<summary_case>{at("a", "here", 30, 50), at("a", "there", 30, 50), at("a", "nowhere", 30, 50),
                                at("raw_epoll", "here", 20, 10), at("raw_epoll", "there", 10, 100)}));
  EXPECT_THAT(lines.at(0), ::testing::EndsWith("  ×floor  CPU×floor"));
  EXPECT_THAT(lines.at(2), ::testing::ContainsRegex(" 1\\.50 +5\\.00$"));
  EXPECT_THAT(lines.at(3), ::testing::ContainsRegex(" 3\\.00 +0\\.50$"));
  EXPECT_THAT(lines.at(4), ::testing::ContainsRegex(" – +–$"));
  EXPECT_THAT(lines.at(5), ::testing::ContainsRegex(" 1\\.00 +1\\.00$"));
  for (const auto& line : lines) EXPECT_EQ(width(line), width(lines.at(0)));
}

TEST(summary_table, has_no_ratio_to_a_floor_that_failed_or_lacks_the_figure) {
  auto broken = at("raw_epoll", "here", 20, 10);
  broken.repetitions.push_back(failed("wrong answers"));
  auto without = at("raw_epoll", "there", 20, 0);
  const auto lines = lines_of(summary_table(
      std::vector<summary_case>{at("a", "here", 30, 50), at("a", "there", 30, 50), broken, without}));
  EXPECT_THAT(lines.at(2), ::testing::ContainsRegex(" – +–$"));
  EXPECT_THAT(lines.at(3), ::testing::ContainsRegex(" 1\\.50 +–$"));
}

TEST(summary_table, has_no_such_columns_without_a_floor) {
  EXPECT_THAT(summary_table(std::vector<summary_case>{at("a", "here", 30, 50)}), Not(HasSubstr("×floor")));
}

TEST(summary_table, of_nothing_is_empty) {
  EXPECT_EQ(summary_table({}), "");
  EXPECT_THAT(summary_table(std::vector<summary_case>{{"a", 1, "", {}}}), HasSubstr("–"));
}

}  // namespace
}  // namespace farebench
