#include "bench/output/row_reporter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "captured_run.hpp"
#include "strict_csv.hpp"

namespace farebench {
namespace {

using nlohmann::json;
using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::array scenarios{"plain",      "first_fails", "all_fail",  "absent",
                               "not_finite", "zeros",       "hard_text", "skipped"};
constexpr std::array formats{"console", "json", "csv"};

captured_run run(const std::string& scenario, std::vector<std::string> flags, int repetitions = 3) {
  std::vector<std::string> command{ROW_REPORTER_SCENARIOS, scenario,
                                   "--benchmark_repetitions=" + std::to_string(repetitions)};
  command.insert(command.end(), flags.begin(), flags.end());
  return run_program(command);
}

json rows(const std::string& scenario, std::vector<std::string> flags = {}) {
  flags.emplace_back("--benchmark_format=json");
  return json::parse(run(scenario, flags).output).at("benchmarks");
}

/// The CSV's rows as maps from the header's names.
std::vector<std::map<std::string, std::string>> cells(const std::string& text) {
  const auto lines = parse_strict_csv(text);
  std::vector<std::map<std::string, std::string>> result;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    auto& row = result.emplace_back();
    for (std::size_t cell = 0; cell < lines[i].size(); ++cell) row[lines[0][cell]] = lines[i][cell];
  }
  return result;
}

std::vector<std::string> lines_with(const std::string& text, const std::string& part) {
  std::vector<std::string> found;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (line.find(part) != std::string::npos) found.push_back(line);
  return found;
}

const std::string broken_mean = "fetch/strategy:broken/iterations:1/manual_time_mean";

// --- each scenario in each format

TEST(row_reporter, writes_json_that_two_parsers_read) {
  const bool has_node = run_program({"node", "-e", ""}).exit_code == 0;
  const scratch_directory scratch;
  for (const auto* scenario : scenarios) {
    const auto file = scratch / scenario;
    const auto output = run(scenario, {"--benchmark_format=json", "--benchmark_out=" + file.string()}).output;
    // It accepts neither NaN nor Infinity.
    for (const auto& text : {output, text_of(file)})
      ASSERT_TRUE(json::accept(text)) << scenario << '\n' << text;
    if (!has_node) continue;
    EXPECT_EQ(run_program({"node", "-e", "JSON.parse(require('fs').readFileSync(process.argv[1], 'utf8'))",
                           file.string()})
                  .exit_code,
              0)
        << scenario;
  }
  if (!has_node) GTEST_SKIP() << "read by nlohmann-json alone: node is not installed";
}

TEST(row_reporter, writes_csv_with_the_same_cells_in_each_line) {
  const scratch_directory scratch;
  for (const auto* scenario : scenarios) {
    const auto file = scratch / scenario;
    const auto output = run(scenario, {"--benchmark_format=csv", "--benchmark_out_format=csv",
                                       "--benchmark_out=" + file.string()})
                            .output;
    EXPECT_EQ(output, text_of(file)) << scenario;
    const auto lines = parse_strict_csv(output);
    EXPECT_THAT(
        lines.at(0),
        ::testing::ElementsAre("name", "iterations", "real_time", "cpu_time", "time_unit", "bytes_per_second",
                               "items_per_second", "label", "error_occurred", "error_message", "errors",
                               "fares", "ideal_ratio", "rss_peak_bytes", "scrape_p99_ms"));
    EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(output, '\n')), lines.size()) << scenario;
    for (const auto& line : lines)
      for (std::size_t cell = 10; cell < line.size(); ++cell)
        EXPECT_THAT(line[cell], Not(ContainsRegex("nan|inf"))) << scenario;
  }
}

TEST(row_reporter, exits_by_the_rows_that_failed_whatever_is_displayed) {
  for (const auto* format : formats)
    for (const std::string mode :
         {"", "--benchmark_report_aggregates_only", "--benchmark_display_aggregates_only"}) {
      std::vector<std::string> flags{std::string("--benchmark_format=") + format};
      if (!mode.empty()) flags.push_back(mode);
      EXPECT_EQ(run("plain", flags).exit_code, 0) << format << mode;
      EXPECT_EQ(run("first_fails", flags).exit_code, 1) << format << mode;
      EXPECT_EQ(run("all_fail", flags).exit_code, 1) << format << mode;
      EXPECT_EQ(run("all_fail", flags, 1).exit_code, 1) << format << mode;
    }
}

TEST(row_reporter, refuses_what_only_a_mistake_can_bring) {
  for (const auto* format : formats) {
    const std::string flag = std::string("--benchmark_format=") + format;
    EXPECT_EQ(run("unknown_column", {flag}).exit_code, 3) << format;
    EXPECT_THAT(run("unknown_column", {flag}).errors, HasSubstr("'mystery', which is no column"));
    EXPECT_EQ(run("no_verdict", {flag}).exit_code, 3) << format;
    EXPECT_EQ(run("no_time", {flag}).exit_code, 3) << format;
  }
}

TEST(row_reporter, says_nothing_of_host_paths_or_the_librarys_build) {
  std::array<char, 256> host{};
  ASSERT_EQ(::gethostname(host.data(), host.size() - 1), 0);
  for (const auto* format : formats) {
    const auto result = run("plain", {std::string("--benchmark_format=") + format});
    for (const auto& text : {result.output, result.errors})
      EXPECT_THAT(text, Not(ContainsRegex("host_name|DEBUG|library_build_type|bin/"))) << format;
  }
  const auto context = json::parse(run("plain", {"--benchmark_format=json"}).output).at("context");
  EXPECT_EQ(context.at("executable"), "row_reporter_scenarios");
  EXPECT_EQ(context.at("note"), "a \"quoted\", odd   note");
  EXPECT_TRUE(context.contains("num_cpus"));
  for (const auto& [name, value] : context.items()) {
    if (!value.is_string()) continue;
    EXPECT_NE(value, host.data()) << name;
  }
  EXPECT_THAT(run("plain", {"--benchmark_format=console"}).errors,
              HasSubstr("Running row_reporter_scenarios\n"));
}

// --- failures

TEST(row_reporter, keeps_the_counters_of_a_failed_row_in_json) {
  const auto all = rows("first_fails");
  EXPECT_EQ(all.at(0).at("error_occurred"), true);
  EXPECT_EQ(all.at(0).at("error_message"), "the probe ended early");
  EXPECT_EQ(all.at(0).at("real_time"), 0);
  EXPECT_EQ(all.at(1).at("error_message"), "17 fares are missing");
  EXPECT_EQ(all.at(1).at("errors"), 7);
  EXPECT_EQ(all.at(1).at("rss_peak_bytes"), 12345678);
  EXPECT_FALSE(all.at(2).contains("error_occurred"));
  EXPECT_EQ(all.at(2).at("errors"), 0);
}

TEST(row_reporter, keeps_the_counters_of_a_failed_row_in_csv) {
  const auto all = cells(run("first_fails", {"--benchmark_format=csv"}).output);
  EXPECT_EQ(all.at(0).at("error_occurred"), "true");
  EXPECT_EQ(all.at(0).at("error_message"), "the probe ended early");
  EXPECT_EQ(all.at(0).at("fares"), "");
  EXPECT_EQ(all.at(1).at("error_message"), "17 fares are missing");
  EXPECT_EQ(all.at(1).at("errors"), "7");
  EXPECT_EQ(all.at(1).at("rss_peak_bytes"), "12345678");
  EXPECT_EQ(all.at(2).at("error_occurred"), "");
  EXPECT_EQ(all.at(2).at("error_message"), "");
}

TEST(row_reporter, keeps_the_counters_of_a_failed_row_on_the_console) {
  const auto failed = lines_with(run("first_fails", {}).output, "FAILED: 17 fares are missing");
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_THAT(failed[0], HasSubstr("errors=7"));
  EXPECT_THAT(failed[0], HasSubstr("46.0 ms"));
}

TEST(row_reporter, marks_each_aggregate_of_a_case_with_a_failure) {
  int aggregates = 0;
  for (const auto& row : rows("first_fails")) {
    if (row.at("run_type") != "aggregate") continue;
    ++aggregates;
    const bool is_spoilt = row.at("run_name").get<std::string>().find("broken") != std::string::npos;
    EXPECT_EQ(row.value("error_message", ""), is_spoilt ? "2 of 3 repetitions failed" : "");
    EXPECT_EQ(row.contains("error_occurred"), is_spoilt);
  }
  EXPECT_EQ(aggregates, 8);
  for (const auto& row : cells(run("first_fails", {"--benchmark_format=csv"}).output)) {
    if (row.at("name") != broken_mean) continue;
    EXPECT_EQ(row.at("error_message"), "2 of 3 repetitions failed");
  }
  const auto console = run("first_fails", {"--benchmark_display_aggregates_only"}).output;
  EXPECT_EQ(lines_with(console, "FAILED: 2 of 3 repetitions failed").size(), 4U);
}

TEST(row_reporter, shows_a_row_that_the_benchmark_itself_gave_up) {
  const auto all = rows("skipped");
  EXPECT_EQ(all.at(0).at("error_message"), "no server");
  EXPECT_EQ(all.at(0).at("real_time"), 0);
}

// --- columns

TEST(row_reporter, leaves_absent_columns_out) {
  const auto all = rows("absent");
  EXPECT_EQ(all.at(0).at("fares"), 3);
  EXPECT_FALSE(all.at(0).contains("errors"));
  const auto csv = cells(run("absent", {"--benchmark_format=csv"}).output);
  EXPECT_EQ(csv.at(0).at("fares"), "3");
  EXPECT_EQ(csv.at(0).at("errors"), "");
  EXPECT_EQ(csv.back().at("fares"), "");
  EXPECT_THAT(lines_with(run("absent", {}).output, "sparse").at(0), Not(HasSubstr("errors=")));
}

TEST(row_reporter, leaves_out_what_is_not_finite) {
  const auto all = rows("not_finite");
  EXPECT_FALSE(all.at(0).contains("ideal_ratio"));
  EXPECT_FALSE(all.at(0).contains("scrape_p99_ms"));
  EXPECT_FALSE(all.at(0).contains("errors"));
  EXPECT_EQ(all.at(1).at("errors"), 4);
  for (const auto& row : all) EXPECT_TRUE(row.contains("fares"));
}

TEST(row_reporter, gives_no_spread_to_times_that_are_all_zero) {
  for (const auto& row : rows("zeros")) {
    EXPECT_EQ(row.at("real_time"), 0);
    EXPECT_EQ(row.contains("fares"), row.value("aggregate_name", "") != "cv");
  }
}

TEST(row_reporter, prints_the_ratio_of_a_cv_in_csv_as_in_json) {
  const auto all = rows("plain");
  const auto csv = cells(run("plain", {"--benchmark_format=csv"}).output);
  ASSERT_EQ(csv.size(), all.size());
  bool found = false;
  for (std::size_t i = 0; i < csv.size(); ++i) {
    EXPECT_NEAR(std::stod(csv[i].at("real_time")), all.at(i).at("real_time").get<double>(), 1e-9);
    found = found || all.at(i).value("aggregate_name", "") == "cv";
  }
  EXPECT_TRUE(found);
}

TEST(row_reporter, keeps_one_header_on_a_tabular_console) {
  for (const auto* scenario : scenarios) {
    const auto output = run(scenario, {"--benchmark_counters_tabular=true"}).output;
    EXPECT_EQ(lines_with(output, "Benchmark ").size(), 1U) << output;
    const auto header = lines_with(output, "Benchmark ").at(0);
    const auto end_of_fares = header.find("fares") + 5;
    for (const auto& row : lines_with(output, "fetch/")) {
      ASSERT_GE(row.size(), header.size()) << row;
      EXPECT_NE(row[end_of_fares - 1], ' ') << row;
      EXPECT_EQ(row[end_of_fares], ' ') << row;
      EXPECT_THAT(row.substr(0, header.size()), Not(HasSubstr(" nan"))) << row;
    }
  }
}

TEST(row_reporter, follows_the_colour_flag) {
  EXPECT_THAT(run("plain", {"--benchmark_color=true"}).output, HasSubstr("\033["));
  EXPECT_THAT(run("plain", {"--benchmark_color=false"}).output, Not(HasSubstr("\033[")));
  const auto output = run("absent", {"--benchmark_color=true", "--benchmark_counters_tabular=true"}).output;
  EXPECT_EQ(lines_with(output, "Benchmark ").size(), 1U) << output;
  EXPECT_THAT(output, Not(HasSubstr("nan")));
}

// --- texts

TEST(row_reporter, puts_hard_texts_in_one_line_alike_in_each_format) {
  const std::string failure = "a, \"b\" c d  [1m \xEF\xBF\xBD € 'e' nan";
  const std::string label = "its own, label; late: 3 ms, \"p99\"";
  const auto json_rows = rows("hard_text");
  EXPECT_EQ(json_rows.at(0).at("error_message"), failure);
  EXPECT_EQ(json_rows.at(0).at("label"), label);
  EXPECT_EQ(json_rows.at(1).at("label"), "nan, \"late\"");
  EXPECT_FALSE(json_rows.at(1).contains("error_message"));
  EXPECT_EQ(json_rows.at(3).at("label"), "3 of 3 repetitions have a warning");
  const auto csv = cells(run("hard_text", {"--benchmark_format=csv"}).output);
  EXPECT_EQ(csv.at(0).at("error_message"), failure);
  EXPECT_EQ(csv.at(0).at("label"), label);
  EXPECT_EQ(csv.at(1).at("label"), "nan, \"late\"");
  for (const auto* tabular : {"false", "true"}) {
    const auto console = lines_with(
        run("hard_text", {std::string{"--benchmark_counters_tabular="}.append(tabular)}).output, "fetch/");
    EXPECT_THAT(console.at(0), EndsWith(std::string{" FAILED: "}.append(failure).append("; ").append(label)));
    EXPECT_THAT(console.at(1), EndsWith(" nan, \"late\""));
  }
}

// --- Debian's tool

TEST(row_reporter, is_read_by_compare_py) {
  constexpr auto python = "/usr/bin/python3";
  constexpr auto compare = "/usr/share/benchmark/compare.py";
  if (::access(compare, R_OK) != 0) GTEST_SKIP() << "no " << compare << " (libbenchmark-tools)";
  if (run_program({python, "-c", "import scipy"}).exit_code != 0)
    GTEST_SKIP() << "compare.py needs python3-numpy and python3-scipy";
  const scratch_directory scratch;
  for (const std::string scenario : {"first_fails", "plain", "zeros"}) {
    const auto one = scratch / (scenario + "1.json");
    const auto two = scratch / (scenario + "2.json");
    for (const auto& file : {one, two}) run(scenario, {"--benchmark_out=" + file.string()});
    const auto result =
        run_program({python, compare, "--no-color", "benchmarks", one.string(), two.string()});
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    EXPECT_THAT(result.output, HasSubstr("manual_time_cv")) << scenario;
  }
}

}  // namespace
}  // namespace farebench
