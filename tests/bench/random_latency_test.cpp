// The bench with random latencies: its ideal must equal what real servers draw.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "bench/cases.hpp"
#include "tests/support/run_command.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

/// Returns a case of a smoke run with the seed, of a hundred, that has the longest ideal.
benchmark_case case_of_longest_delays(const std::string& strategy, std::size_t workers) {
  benchmark_case longest{.strategy = strategy,
                         .workers = workers,
                         .latency = latency_model::uniform(1ms, 40ms),
                         .page_kb = 3,
                         .items = 6};
  for (benchmark_case other = longest; other.seed < 100; ++other.seed) {
    if (ideal_wall(other) > ideal_wall(longest)) longest = other;
  }
  return longest;
}

test::finished_command bench(const benchmark_case& row) {
  return test::run_command(
      fmt::format("cd / && {} --smoke --strategies {} --workers {} --days {} --latency uniform:1ms-40ms "
                  "--seed {} --benchmark_format=json",
                  (std::filesystem::path{FAREBENCH_BIN_DIR} / "bench").string(), row.strategy, row.workers,
                  row.items, row.seed));
}

TEST(random_latency, follows_the_recorded_seed) {
  // If the server drew other latencies, the row could beat its ideal and fail.
  const auto row = case_of_longest_delays("sequential", 1);
  ASSERT_GT(ideal_wall(row), 300ms) << "twelve delays of 20 ms on average";
  const auto run = bench(row);
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  const auto result = nlohmann::json::parse(run.output);
  EXPECT_EQ(result["context"]["latency"], "uniform:1ms-40ms");
  EXPECT_EQ(result["context"]["seed"], std::to_string(row.seed));
  const auto& measured = result["benchmarks"][0];
  EXPECT_EQ(measured["name"], row.name() + "/iterations:1/manual_time");
  const double ideal_ms = std::chrono::duration<double, std::milli>{ideal_wall(row)}.count();
  EXPECT_GE(measured["real_time"], ideal_ms);
  EXPECT_NEAR(measured["ideal_ratio"], measured["real_time"].get<double>() / ideal_ms, 1e-6);
}

TEST(random_latency, no_strategy_beats_the_longest_day) {
  const auto row = case_of_longest_delays("multi_socket", 6);
  ASSERT_GT(ideal_wall(row), 45ms);
  const auto run = bench(row);
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_GE(nlohmann::json::parse(run.output)["benchmarks"][0]["ideal_ratio"], 1);
}

}  // namespace
}  // namespace farebench
