#include "bench/output/results.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "bench/columns.hpp"
#include "tests/bench/made_up.hpp"
#include "tests/bench/output/sample_results.hpp"
#include "tests/bench/scratch_folder.hpp"
#include "tests/support/run_command.hpp"

namespace farebench {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

/// Returns the rows of a case with these repetitions, and two aggregates, as Google Benchmark reports them.
std::vector<reported_row> rows_of(const std::vector<finished_row>& repetitions) {
  const auto what = made_up_case();
  const auto run_name = what.name() + "/iterations:1/manual_time";
  std::vector<reported_row> rows;
  for (const auto& one : repetitions) {
    rows.push_back({.parameters = what,
                    .run_name = run_name,
                    .name = run_name,
                    .repetitions = static_cast<std::int64_t>(repetitions.size()),
                    .repetition_index = static_cast<std::int64_t>(rows.size()),
                    .real_time_ms = one.real_time_ms.value_or(0),
                    .cpu_time_ms = 0.5,
                    .columns = one.columns});
  }
  auto aggregate = rows.back();
  aggregate.iterations = aggregate.repetitions;
  aggregate.name = run_name + "_mean";
  aggregate.aggregate = "mean";
  rows.push_back(aggregate);
  aggregate.name = run_name + "_cv";
  aggregate.aggregate = "cv";
  aggregate.is_ratio = true;
  aggregate.real_time_ms = aggregate.cpu_time_ms = 0.25;
  for (auto& [name, value] : aggregate.columns) value = 0.125;
  rows.push_back(aggregate);
  return rows;
}

/// Returns the same with verdicts.
std::vector<reported_row> judged(const std::vector<finished_row>& repetitions) {
  row_ledger ledger;
  for (const auto& one : repetitions) ledger.record(made_up_case().name(), one);
  auto rows = rows_of(repetitions);
  for (auto& row : rows) add_verdict(row, ledger);
  return rows;
}

finished_row failed_row(std::string reason) {
  auto row = sample_row(46);
  row.columns["errors"] = 7;
  row.verdict.failure = std::move(reason);
  return row;
}

std::string written(output_format format, const std::vector<reported_row>& rows,
                    const console_options& options = {}) {
  std::ostringstream output;
  result_writer writer{format, output, options};
  for (const auto& row : rows) writer.add(row);
  writer.finish({{"commit", "abc"}, {"num_cpus", 2}});
  return output.str();
}

json json_of(const std::vector<reported_row>& rows) {
  return json::parse(written(output_format::json, rows));
}

/// Parses a CSV by RFC 4180, strictly: quotes only around a whole cell or doubled within it. Fails on rows of
/// different lengths.
std::vector<std::map<std::string, std::string>> cells_of(const std::string& text) {
  std::vector<std::vector<std::string>> lines{{}};
  for (std::size_t i = 0; i < text.size();) {
    std::string cell;
    if (text[i] == '"') {
      for (++i; text.at(i) != '"' || (i + 1 < text.size() && text[i + 1] == '"'); ++i) {
        if (text[i] == '"') ++i;
        cell += text[i];
      }
      ++i;
    } else {
      for (; text.at(i) != ',' && text[i] != '\n'; ++i) cell += text[i];
      EXPECT_FALSE(cell.contains('"')) << cell;
    }
    lines.back().push_back(cell);
    EXPECT_TRUE(text.at(i) == ',' || text[i] == '\n') << text.substr(i);
    if (text[i++] == '\n' && i < text.size()) lines.emplace_back();
  }
  std::vector<std::map<std::string, std::string>> rows;
  for (std::size_t line = 1; line < lines.size(); ++line) {
    EXPECT_EQ(lines[line].size(), lines[0].size());
    auto& row = rows.emplace_back();
    for (std::size_t i = 0; i < lines[0].size(); ++i) row[lines[0][i]] = lines[line].at(i);
  }
  return rows;
}

std::vector<std::map<std::string, std::string>> csv_of(const std::vector<reported_row>& rows) {
  return cells_of(written(output_format::csv, rows));
}

std::vector<std::string> console_lines(const std::vector<reported_row>& rows, bool tabular,
                                       bool color = false) {
  std::istringstream text{
      written(output_format::console, rows, {.tabular = tabular, .color = color, .name_width = 120})};
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

/// Repetitions in which something is odd, by name.
const std::vector<std::pair<const char*, std::vector<finished_row>>>& odd_repetitions() {
  static const auto all = [] {
    auto bare = sample_row(46);
    bare.columns = {{"fares", 3}};
    auto infinite = sample_row(46);
    infinite.columns["ideal_ratio"] = nan;
    infinite.columns["scrape_p99_ms"] = inf;
    infinite.columns["errors"] = -inf;
    auto hard = failed_row("a, \"b\"\nc\td \x1b[1m \xff € 'e' nan");
    hard.verdict.warning = "late: 3 ms,\n\"p99\"";
    auto early = finished_row{.real_time_ms = nan, .verdict = {.failure = "the client ended early"}};
    return std::vector<std::pair<const char*, std::vector<finished_row>>>{
        {"plain", {sample_row(46), sample_row(47)}},
        {"failed", {early, failed_row("17 fares are missing"), sample_row(48)}},
        {"bare", {bare, sample_row(46)}},
        {"infinite", {infinite, infinite}},
        {"hard text", {hard, sample_row(46)}}};
  }();
  return all;
}

TEST(output_format, has_three_names) {
  EXPECT_EQ(parse_output_format("console"), output_format::console);
  EXPECT_EQ(parse_output_format("json"), output_format::json);
  EXPECT_EQ(parse_output_format("csv"), output_format::csv);
  EXPECT_FALSE(parse_output_format("JSON"));
  EXPECT_FALSE(parse_output_format(""));
}

TEST(results, json_has_google_benchmarks_members) {
  const auto rows = json_of(judged({sample_row(46.5), sample_row(47)}))["benchmarks"];
  ASSERT_EQ(rows.size(), 4u);
  const auto name = made_up_case().name() + "/iterations:1/manual_time";
  const json expected{{"name", name},
                      {"run_name", name},
                      {"run_type", "iteration"},
                      {"family_index", 0},
                      {"repetitions", 2},
                      {"per_family_instance_index", 0},
                      {"repetition_index", 1},
                      {"threads", 1},
                      {"iterations", 1},
                      {"real_time", 47.0},
                      {"cpu_time", 0.5},
                      {"time_unit", "ms"},
                      {"label", "engine: beast"}};
  for (const auto& [member, value] : expected.items()) EXPECT_EQ(rows[1].at(member), value) << member;
  EXPECT_FALSE(rows[1].contains("error_occurred"));
  EXPECT_EQ(rows[2]["name"], name + "_mean");
  EXPECT_EQ(rows[2]["run_name"], name);
  EXPECT_EQ(rows[2]["run_type"], "aggregate");
  EXPECT_EQ(rows[2]["aggregate_name"], "mean");
  EXPECT_EQ(rows[2]["aggregate_unit"], "time");
  EXPECT_FALSE(rows[2].contains("repetition_index"));
  EXPECT_EQ(rows[3]["aggregate_unit"], "percentage");
  EXPECT_EQ(rows[3]["real_time"], 0.25);
}

TEST(results, json_has_schema_context_and_parameters) {
  const auto result = json_of(judged({sample_row(46)}));
  EXPECT_EQ(result["schema"], json(schema_json(std::vector{judged({sample_row(46)}).front().parameters})));
  EXPECT_EQ(result["context"], (json{{"commit", "abc"}, {"num_cpus", 2}}));
  for (const auto& row : result["benchmarks"])
    EXPECT_EQ(parse_parameters(row).name(), made_up_case().name()) << row;
}

TEST(results, row_has_exactly_the_columns_of_the_schema) {
  auto measured = made_up_measurement();
  const counted_run counted{.heap_peak_bytes = 1, .allocations = 1, .sockets_peak = 1, .requests = 1};
  const finished_row row{.real_time_ms = 250, .columns = column_values(made_up_case(), measured, counted)};
  const auto result = json_of(judged({row}));
  auto expected = json_of(judged({finished_row{.real_time_ms = 250}}))["benchmarks"][0];
  for (const auto& column : result["schema"]["columns"]) {
    EXPECT_TRUE(result["benchmarks"][0].contains(column["name"])) << column;
    expected[column["name"]] = 0;
  }
  EXPECT_EQ(result["benchmarks"][0].size(), expected.size()) << "other columns";
}

TEST(results, json_rows_have_their_histogram) {
  const auto row = row_with_slow_items(100, 9);
  const auto rows = judged({row, sample_row(46)});
  const auto written = json_of(rows)["benchmarks"];
  EXPECT_EQ(parse_time_histogram(written[0]["item_histogram"]), row.item_histogram);
  for (std::size_t i = 1; i < written.size(); ++i) EXPECT_FALSE(written[i].contains("item_histogram")) << i;
  EXPECT_FALSE(csv_of(rows)[0].contains("item_histogram"));
}

TEST(results, aggregates_average_no_percentiles) {
  const std::vector measured{row_with_slow_items(100, 0), row_with_slow_items(100, 0),
                             row_with_slow_items(100, 9)};
  row_ledger ledger;
  for (const auto& one : measured) ledger.record(made_up_case().name(), one);
  for (const char* name : {"mean", "stddev", "cv", "median"}) {
    auto aggregate = rows_of(measured).back();
    aggregate.aggregate = name;
    aggregate.columns = {
        {"scrape_p50_ms", 7}, {"scrape_p99_ms", 7}, {"server_late_p99_ms", 7}, {"errors", 7}};
    add_verdict(aggregate, ledger);
    EXPECT_EQ(aggregate.columns.at("errors"), 7) << name;
    if (std::string_view{name} != "median") {
      EXPECT_EQ(aggregate.columns.size(), 1u) << name;
      continue;
    }
    EXPECT_EQ(aggregate.columns.at("scrape_p99_ms"), merged_percentile(measured, "scrape_p99_ms"));
    EXPECT_EQ(aggregate.columns.at("scrape_p50_ms"), merged_percentile(measured, "scrape_p50_ms"));
    EXPECT_EQ(aggregate.columns.at("server_late_p99_ms"), 7);
  }
}

TEST(results, numbers_keep_every_digit) {
  auto row = sample_row(1.0 / 3);
  row.columns["cpu_us_per_request"] = 123456789.123456789;
  const auto rows = judged({row});
  EXPECT_EQ(json_of(rows)["benchmarks"][0]["real_time"], 1.0 / 3);
  EXPECT_EQ(json_of(rows)["benchmarks"][0]["cpu_us_per_request"], 123456789.123456789);
  EXPECT_EQ(std::stod(csv_of(rows)[0]["real_time"]), 1.0 / 3);
  EXPECT_EQ(std::stod(csv_of(rows)[0]["cpu_us_per_request"]), 123456789.123456789);
}

TEST(results, json_is_valid_for_another_parser) {
  if (test::run_command("node -e ''").exit_code != 0) GTEST_SKIP() << "node is not installed";
  const scratch_folder scratch;
  for (const auto& [name, repetitions] : odd_repetitions()) {
    std::ofstream{scratch / "result.json"} << written(output_format::json, judged(repetitions));
    const auto run =
        test::run_command(fmt::format("node -e 'JSON.parse(require(\"fs\").readFileSync(\"{}\", \"utf8\"))'",
                                      (scratch / "result.json").string()));
    EXPECT_EQ(run.exit_code, 0) << name << run.errors;
  }
}

TEST(results, csv_has_a_fixed_first_line_and_equal_cells) {
  const auto header = written(output_format::csv, {});
  EXPECT_THAT(header, testing::StartsWith("name,iterations,real_time,cpu_time,time_unit,bytes_per_second,"
                                          "items_per_second,label,error_occurred,error_message,"));
  for (const auto& name : counter_names()) EXPECT_THAT(header, ContainsRegex("," + name + "[,\n]"));
  for (const auto& [name, repetitions] : odd_repetitions()) {
    const auto text = written(output_format::csv, judged(repetitions));
    EXPECT_THAT(text, testing::StartsWith(header)) << name;
    EXPECT_EQ(cells_of(text).size(), repetitions.size() + 2) << name;
    for (const auto& row : cells_of(text)) {
      for (const auto& column : counter_names()) EXPECT_THAT(row.at(column), Not(ContainsRegex("nan|inf")));
    }
  }
}

TEST(results, csv_has_the_same_values_as_json) {
  for (const auto& [name, repetitions] : odd_repetitions()) {
    const auto rows = judged(repetitions);
    const auto from_csv = csv_of(rows);
    const auto from_json = json_of(rows)["benchmarks"];
    for (std::size_t i = 0; i < from_csv.size(); ++i) {
      for (const auto& [field, text] : from_csv[i]) {
        if (!from_json[i].contains(field)) {
          EXPECT_EQ(text, "") << field;
          continue;
        }
        const auto& value = from_json[i][field];
        if (value.is_number()) {
          EXPECT_EQ(std::stod(text), value.get<double>()) << field;
        } else {
          EXPECT_EQ(text, value.is_string() ? value.get<std::string>() : value.dump()) << field;
        }
      }
    }
  }
}

TEST(results, failed_row_keeps_its_columns) {
  const auto rows = judged(odd_repetitions()[1].second);
  const auto all = json_of(rows)["benchmarks"];
  EXPECT_EQ(all[0]["error_occurred"], true);
  EXPECT_EQ(all[0]["error_message"], "the client ended early");
  EXPECT_EQ(all[0]["real_time"], 0);
  EXPECT_EQ(all[1]["error_message"], "17 fares are missing");
  EXPECT_EQ(all[1]["errors"], 7);
  EXPECT_EQ(all[1]["rss_peak_bytes"], 15.5 * (1 << 20));
  EXPECT_FALSE(all[2].contains("error_occurred"));
  auto csv = csv_of(rows);
  EXPECT_EQ(csv[1]["error_occurred"], "true");
  EXPECT_EQ(csv[1]["error_message"], "17 fares are missing");
  EXPECT_EQ(csv[1]["errors"], "7");
  EXPECT_EQ(csv[2]["error_occurred"], "");
  const auto console = console_lines(rows, false);
  EXPECT_THAT(console[4], HasSubstr("46.0 ms"));
  EXPECT_THAT(console[4], HasSubstr(" errors=7 FAILED: 17 fares are missing"));
}

TEST(results, aggregates_of_a_failed_repetition_fail) {
  for (const auto& row : json_of(judged(odd_repetitions()[1].second))["benchmarks"]) {
    if (row["run_type"] == "aggregate") {
      EXPECT_EQ(row["error_message"], "2 of 3 repetitions failed");
    }
  }
  for (const auto& row : json_of(judged({sample_row(1), sample_row(2)}))["benchmarks"])
    EXPECT_FALSE(row.contains("error_occurred"));
}

TEST(results, columns_without_a_finite_value_are_absent) {
  const auto rows = judged(odd_repetitions()[3].second);
  const auto row = json_of(rows)["benchmarks"][0];
  for (const char* name : {"ideal_ratio", "scrape_p99_ms", "errors"}) EXPECT_FALSE(row.contains(name));
  EXPECT_TRUE(row.contains("rss_peak_bytes"));
  EXPECT_EQ(csv_of(rows)[0]["errors"], "");
  EXPECT_THAT(console_lines(rows, false)[3], Not(HasSubstr("errors=")));
}

TEST(results, times_of_an_aggregate_are_finite) {
  row_ledger ledger;
  ledger.record(made_up_case().name(), sample_row(0));
  auto cv = rows_of({sample_row(0)}).back();
  cv.real_time_ms = cv.cpu_time_ms = nan;
  add_verdict(cv, ledger);
  EXPECT_EQ(cv.real_time_ms, 0);
  EXPECT_EQ(cv.cpu_time_ms, 0);
}

TEST(results, mistakes_of_the_program_throw) {
  row_ledger ledger;
  ledger.record(made_up_case().name(), sample_row(46));
  const auto valid = rows_of({sample_row(46)}).front();
  auto without_time = valid;
  without_time.real_time_ms = nan;
  EXPECT_THROW(add_verdict(without_time, ledger), std::logic_error);
  auto unknown_column = valid;
  unknown_column.columns["mystery"] = 1;
  EXPECT_THROW(add_verdict(unknown_column, ledger), std::logic_error);
  auto unrecorded = valid;
  unrecorded.repetition_index = 1;
  EXPECT_THROW(add_verdict(unrecorded, ledger), std::logic_error);
}

TEST(results, texts_are_one_line_and_alike_in_all_formats) {
  const std::string failure = "a, \"b\" c d  [1m \xEF\xBF\xBD € 'e' nan";
  const std::string label = "engine: beast; late: 3 ms, \"p99\"";
  const auto rows = judged(odd_repetitions()[4].second);
  EXPECT_EQ(json_of(rows)["benchmarks"][0]["error_message"], failure);
  EXPECT_EQ(json_of(rows)["benchmarks"][0]["label"], label);
  EXPECT_EQ(json_of(rows)["benchmarks"][2]["label"], "engine: beast; 1 of 2 repetitions have a warning");
  EXPECT_EQ(csv_of(rows)[0]["error_message"], failure);
  EXPECT_EQ(csv_of(rows)[0]["label"], label);
  for (const bool tabular : {false, true})
    EXPECT_THAT(console_lines(rows, tabular)[3], EndsWith(" FAILED: " + failure + "; " + label));
}

TEST(results, console_table_has_aligned_columns) {
  for (const auto& [name, repetitions] : odd_repetitions()) {
    const auto lines = console_lines(judged(repetitions), true);
    const auto& header = lines.at(1);
    EXPECT_EQ(lines.size(), 3 + repetitions.size() + 2) << name;
    const auto end_of_fares = header.find(" fares") + 6;
    for (auto line = lines.begin() + 3; line != lines.end(); ++line) {
      ASSERT_GE(line->size(), header.size()) << *line;
      EXPECT_NE((*line)[end_of_fares - 1], ' ') << *line;
      EXPECT_EQ((*line)[end_of_fares], ' ') << *line;
      EXPECT_THAT(line->substr(0, header.size()), Not(HasSubstr("nan"))) << *line;
    }
  }
}

TEST(results, console_shows_ratios_as_percentages) {
  const auto line = console_lines(judged({sample_row(46), sample_row(47)}), false).back();
  EXPECT_THAT(line, ContainsRegex("_cv +25\\.00 % "));
  EXPECT_THAT(line, HasSubstr(" ideal_ratio=12.50%"));
}

TEST(results, console_has_colors_only_if_requested) {
  const auto rows = judged({sample_row(46)});
  EXPECT_THAT(console_lines(rows, true, true)[3], HasSubstr("\033["));
  EXPECT_THAT(console_lines(rows, true, false)[3], Not(HasSubstr("\033[")));
}

TEST(results, context_text_has_a_line_per_member) {
  EXPECT_EQ(context_text({{"date", "today"}, {"num_cpus", 2}, {"load_avg", {0.5, 1}}}),
            "date: today\nnum_cpus: 2\nload_avg: [0.5,1]\n");
}

TEST(results, are_read_by_compare_py) {
  constexpr auto compare = "/usr/share/benchmark/compare.py";
  if (access(compare, R_OK) != 0) GTEST_SKIP() << "no " << compare << " (libbenchmark-tools)";
  if (test::run_command("/usr/bin/python3 -c 'import scipy'").exit_code != 0)
    GTEST_SKIP() << "compare.py needs python3-numpy and python3-scipy";
  const scratch_folder scratch;
  for (const auto& [name, repetitions] : odd_repetitions()) {
    for (const char* file : {"1.json", "2.json"})
      std::ofstream{scratch / file} << written(output_format::json, judged(repetitions));
    const auto run =
        test::run_command(fmt::format("/usr/bin/python3 {} --no-color benchmarks {} {}", compare,
                                      (scratch / "1.json").string(), (scratch / "2.json").string()));
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    EXPECT_THAT(run.output, HasSubstr("manual_time_cv")) << name;
  }
}

}  // namespace
}  // namespace farebench
