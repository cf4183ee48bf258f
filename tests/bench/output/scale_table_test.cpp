#include "bench/output/summary.hpp"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/bench/output/table_lines.hpp"

namespace farebench {
namespace {

using testing::ContainsRegex;

summary_case hold(std::string strategy, int workers, double growth_kib, double cpu_us) {
  return {
      .strategy = std::move(strategy),
      .workers = workers,
      .repetitions = {{.real_time_ms = 2000,
                       .columns = {{"rss_growth_bytes", growth_kib * 1024}, {"cpu_us_per_request", cpu_us}}}},
      .is_hold = true};
}

TEST(scale_table, fits_growth_over_workers_and_compares_cpu_for_each_strategy) {
  auto burst = hold("a", 1000, 999'999, 999);
  burst.is_hold = false;
  const auto lines = lines_of(scale_table(std::vector<summary_case>{
      burst, hold("a", 100, 1'500, 90), hold("a", 1'000, 10'500, 40), hold("a", 10'000, 100'500, 42),
      hold("b", 100, 150, 1), hold("b", 1'000, 150, 1), hold("b", 10'000, 151, 1)}));
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_THAT(lines[0], ContainsRegex("KiB/worker, fitted +R² +CPU 10,000 / 1,000$"));
  EXPECT_THAT(lines[2], ContainsRegex("^a +10\\.00 +1\\.00000 +1\\.05$"));
  EXPECT_THAT(lines[3], ContainsRegex("^b +0\\.00 +0\\.99[0-9]* +1\\.00$"));
}

TEST(scale_table, leaves_out_what_failed) {
  auto failed = hold("a", 10'000, 1, 1);
  failed.repetitions.push_back({.verdict = {.failure = "no more threads"}});
  const auto two = lines_of(scale_table(
      std::vector<summary_case>{hold("a", 100, 1'500, 90), hold("a", 1'000, 10'500, 40), failed}));
  EXPECT_THAT(two.at(2), ContainsRegex("^a +10\\.00 +– +–$")) << "two points are on any line";
  EXPECT_THAT(lines_of(scale_table(std::vector<summary_case>{failed})).at(2), ContainsRegex("^a +– +– +–$"));
}

TEST(scale_table, of_no_hold_is_empty) {
  auto burst = hold("a", 1000, 1, 1);
  burst.is_hold = false;
  EXPECT_EQ(scale_table(std::vector<summary_case>{burst}), "");
  EXPECT_EQ(scale_table({}), "");
}

}  // namespace
}  // namespace farebench
