#include "bench/google_benchmark.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <cstdint>
#include <map>

#include "bench/flags.hpp"
#include "tests/bench/output/sample_results.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

benchmark_case case_of(std::string strategy) {
  return {.strategy = std::move(strategy), .workers = 2, .latency = 1ms, .page_kb = 3, .items = 6};
}

void initialize(std::vector<std::string> flags) {
  // Values of other tests would stay.
  std::vector<std::string> arguments{"bench_tests", "--benchmark_repetitions=3",
                                     "--benchmark_filter=", "--benchmark_report_aggregates_only=false"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  initialize_google_benchmark(std::move(arguments));
}

std::vector<std::string> selected_strategies(const std::string& filter) {
  initialize({"--benchmark_filter=" + filter});
  std::vector<std::string> strategies;
  for (const auto& one : select_cases({case_of("coroutines"), case_of("fibers"), case_of("multi_poll")}))
    strategies.push_back(one.parameters.strategy);
  return strategies;
}

std::string selection_error(const std::string& filter) {
  try {
    selected_strategies(filter);
  } catch (const flag_error& error) {
    return error.what();
  }
  return "none";
}

/// Runs one case, whose repetitions take 10, 20, 30, … ms. Those after `measured` are not measured.
std::vector<reported_row> reported(int measured) {
  std::vector<reported_row> all;
  int repetition = 0;
  run_cases(
      {case_of("fibers")},
      [&](const benchmark_case&) -> std::optional<finished_row> {
        if (++repetition > measured) return std::nullopt;
        return finished_row{.real_time_ms = 10.0 * repetition, .columns = {{"fares", repetition}}};
      },
      [&](std::vector<reported_row> rows) { std::ranges::move(rows, std::back_inserter(all)); });
  return all;
}

/// Members of benchmark::BenchmarkReporter::Run in release 1.7.
struct run_until_1_7 {
  bool error_occurred;
  std::string error_message;
};

/// The same since release 1.8.
struct run_since_1_8 {
  enum skip : std::uint8_t { not_skipped, with_message, with_error } skipped;
  std::string skip_message;
};

TEST(google_benchmark, skipped_runs_are_known_in_all_releases) {
  EXPECT_FALSE(is_skipped(run_until_1_7{false, ""}));
  EXPECT_TRUE(is_skipped(run_until_1_7{true, "interrupted"}));
  EXPECT_FALSE(is_skipped(run_since_1_8{run_since_1_8::not_skipped, ""}));
  EXPECT_TRUE(is_skipped(run_since_1_8{run_since_1_8::with_message, "interrupted"}));
  EXPECT_TRUE(is_skipped(run_since_1_8{run_since_1_8::with_error, "interrupted"}));
}

TEST(google_benchmark, filter_selects_cases_in_order) {
  EXPECT_THAT(selected_strategies(""), ElementsAre("coroutines", "fibers", "multi_poll"));
  EXPECT_THAT(selected_strategies("all"), ElementsAre("coroutines", "fibers", "multi_poll"));
  EXPECT_THAT(selected_strategies("fib|multi"), ElementsAre("fibers", "multi_poll"));
  EXPECT_THAT(selected_strategies("-fib"), ElementsAre("coroutines", "multi_poll"));
  EXPECT_THAT(selected_strategies("fibers.*/manual_time$"), ElementsAre("fibers"));
}

TEST(google_benchmark, selected_case_has_google_benchmarks_name) {
  initialize({});
  const auto selected = select_cases({case_of("fibers")});
  ASSERT_EQ(selected.size(), 1u);
  EXPECT_EQ(selected[0].run_name, case_of("fibers").name() + "/iterations:1/manual_time");
}

TEST(google_benchmark, filter_without_a_case_is_a_usage_error) {
  EXPECT_THAT(selection_error("pigeon"), HasSubstr("--benchmark_filter=pigeon: "));
  EXPECT_THAT(selection_error("("), HasSubstr("--benchmark_filter=(: "));
  EXPECT_EQ(selection_error("(").find('\n'), std::string::npos);
}

TEST(google_benchmark, unknown_flag_is_a_usage_error) {
  EXPECT_THROW(initialize({"--benchmark_nonsense=1"}), flag_error);
}

TEST(google_benchmark, reports_repetitions_and_aggregates) {
  initialize({});
  const auto rows = reported(3);
  ASSERT_EQ(rows.size(), 7u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(rows[i].parameters.strategy, "fibers");
    EXPECT_EQ(rows[i].name, rows[i].run_name);
    EXPECT_EQ(rows[i].aggregate, "");
    EXPECT_EQ(rows[i].repetitions, 3);
    EXPECT_EQ(rows[i].repetition_index, i);
    EXPECT_EQ(rows[i].iterations, 1);
    EXPECT_DOUBLE_EQ(rows[i].real_time_ms, 10.0 * static_cast<double>(i + 1));
    EXPECT_THAT(rows[i].columns, ElementsAre(std::pair{"fares", static_cast<double>(i + 1)}));
  }
  std::map<std::string, double> times;
  for (const auto& row : rows) {
    if (row.aggregate.empty()) continue;
    times[row.aggregate] = row.real_time_ms;
    EXPECT_EQ(row.name, row.run_name + "_" + row.aggregate);
    EXPECT_EQ(row.is_ratio, row.aggregate == "cv");
  }
  EXPECT_DOUBLE_EQ(times.at("mean"), 20);
  EXPECT_DOUBLE_EQ(times.at("median"), 20);
  EXPECT_NEAR(times.at("stddev"), 10, 1e-9);
  EXPECT_NEAR(times.at("cv"), 0.5, 1e-9);
}

TEST(google_benchmark, unmeasured_repetitions_leave_no_rows) {
  initialize({});
  const auto rows = reported(2);
  ASSERT_EQ(rows.size(), 6u);
  EXPECT_DOUBLE_EQ(rows[2].real_time_ms, 15) << "the mean is that of two";
  EXPECT_EQ(reported(1).size(), 1u) << "no aggregates of one";
  EXPECT_THAT(reported(0), IsEmpty());
}

TEST(google_benchmark, aggregates_flag_hides_repetitions) {
  initialize({"--benchmark_report_aggregates_only"});
  const auto rows = reported(3);
  EXPECT_EQ(rows.size(), 4u);
  for (const auto& row : rows) EXPECT_NE(row.aggregate, "");
}

TEST(google_benchmark, machine_has_cpus_and_load) {
  const auto machine = machine_json();
  EXPECT_GT(machine["num_cpus"], 0);
  EXPECT_TRUE(machine["mhz_per_cpu"].is_number_integer());
  EXPECT_TRUE(machine["caches"].is_array());
  EXPECT_TRUE(machine["load_avg"].is_array());
}

}  // namespace
}  // namespace farebench
