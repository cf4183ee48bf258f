#include "bench/track/compare.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "bench/track/comparison_output.hpp"
#include "bench/track/error.hpp"
#include "tests/bench/track/made_up_run.hpp"

namespace farebench::track {
namespace {

using nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

recorded_side side_of(const ordered_json& rows, char program = '1', const ordered_json& changes = {}) {
  auto context = made_up_context();
  context["program_sha256"] = std::string(64, program);
  if (!changes.is_null()) context.update(changes);
  return {.name = std::string{"side "} + program, .runs = {made_up_run(context, rows)}};
}

const finding& finding_of(const comparison& result, std::string_view name) {
  return *std::ranges::find(result.findings, name, &finding::metric);
}

TEST(compare_files, slower_and_larger_head_is_a_regression) {
  const auto result =
      compare_files(side_of(made_up_rows(50)), side_of(made_up_rows(60, 20, 105'000), '2'), {});
  EXPECT_EQ(finding_of(result, "real_time").verdict, verdict::regression);
  EXPECT_EQ(finding_of(result, "heap_peak_bytes").verdict, verdict::regression);
  EXPECT_EQ(finding_of(result, "rss_growth_bytes").verdict, verdict::same);
  EXPECT_EQ(exit_code_of(result, false), exit_worse);
  EXPECT_THAT(result.notes.front(), HasSubstr("weaker evidence"));
}

TEST(compare_files, run_with_itself_is_the_same) {
  const auto result = compare_files(side_of(made_up_rows(50)), side_of(made_up_rows(50)), {});
  EXPECT_EQ(count(result, verdict::same), result.findings.size());
  EXPECT_TRUE(result.is_of_one_program());
  EXPECT_THAT(result.notes, testing::Contains(HasSubstr("A/A")));
}

TEST(compare_files, few_repetitions_cannot_be_told) {
  const auto result = compare_files(side_of(made_up_rows(50, 5)), side_of(made_up_rows(60, 5), '2'), {});
  EXPECT_EQ(finding_of(result, "real_time").verdict, verdict::cannot_tell);
  EXPECT_THAT(finding_of(result, "real_time").reason, HasSubstr("5 pairs, at least"));
  EXPECT_EQ(exit_code_of(result, false), exit_nothing_worse);
  EXPECT_EQ(exit_code_of(result, true), exit_incomparable);
}

TEST(compare_files, confidence_rises_with_the_number_of_metrics) {
  const auto one = compare_files(side_of(made_up_rows(50)), side_of(made_up_rows(50), '2'), {});
  auto many = made_up_rows(50);
  for (int i = 0; i < 30; ++i)
    for (const auto& row : made_up_rows(50, 20, 100'000, made_up_series + std::to_string(i)))
      many.push_back(row);
  const auto thirty = compare_files(side_of(many), side_of(many, '2'), {});
  EXPECT_GT(finding_of(thirty, "real_time").confidence, finding_of(one, "real_time").confidence);
  EXPECT_GE(finding_of(thirty, "real_time").confidence, 1 - 0.05 / (31 * 3));
}

TEST(compare_files, slower_canary_raises_the_floor_of_time) {
  const auto slower = side_of(made_up_rows(60), '2', {{"canary", 1.25}, {"canary_after", 1.25}});
  const auto result = compare_files(side_of(made_up_rows(50)), slower, {});
  EXPECT_EQ(finding_of(result, "real_time").verdict, verdict::same);
  EXPECT_NEAR(finding_of(result, "real_time").floor, 0.25, 1e-9);
  EXPECT_EQ(finding_of(result, "rss_growth_bytes").floor, find_metric("rss_growth_bytes")->min_floor);
}

TEST(compare_files, recorded_noise_raises_the_floor) {
  const auto known =
      noise_of_recordings({side_of(made_up_rows(50)).runs[0], side_of(made_up_rows(62)).runs[0],
                           side_of(made_up_rows(99), '3').runs[0]});
  EXPECT_EQ(known.count(made_up_series, "real_time"), 1u);
  const auto result = compare_files(side_of(made_up_rows(50)), side_of(made_up_rows(60), '2'), known);
  EXPECT_EQ(finding_of(result, "real_time").verdict, verdict::same);
}

TEST(compare_files, different_context_is_refused_with_the_field) {
  for (const auto& [name, value] : {std::pair{"machine", "another"},
                                    {"workload", "article"},
                                    {"engine", "beast"},
                                    {"latency", "30ms"},
                                    {"page_kb", "94"},
                                    {"days", "7"},
                                    {"seed", "7"}}) {
    try {
      compare_files(side_of(made_up_rows(50)), side_of(made_up_rows(50), '2', {{name, value}}), {});
      FAIL() << name;
    } catch (const track_error& error) {
      EXPECT_EQ(error.exit_code(), exit_incomparable);
      EXPECT_THAT(error.what(), HasSubstr(name));
      EXPECT_THAT(error.what(), HasSubstr(value));
    }
  }
  try {
    compare_files(side_of(made_up_rows(50)), side_of(made_up_rows(50), '2', {{"build_type", "Debug"}}), {});
    FAIL() << "build_type";
  } catch (const track_error& error) {
    EXPECT_EQ(error.exit_code(), exit_incomparable);
  }
}

TEST(compare_files, rows_of_one_side_are_listed) {
  const std::string added = "fetch/strategy:new/workers:20/latency_ms:20/page_kb:3/days:100";
  auto more = made_up_rows(50);
  for (const auto& row : made_up_rows(50, 3, 1, added)) more.push_back(row);
  const auto forward = compare_files(side_of(made_up_rows(50)), side_of(more, '2'), {});
  EXPECT_THAT(forward.head_only, ElementsAre(added));
  EXPECT_THAT(forward.base_only, ElementsAre());
  EXPECT_THAT(compare_files(side_of(more), side_of(made_up_rows(50), '2'), {}).base_only, ElementsAre(added));
}

TEST(compare_files, partly_failed_series_cannot_be_told) {
  auto rows = made_up_rows(60);
  rows[3]["error_occurred"] = true;
  rows[3]["error_message"] = "the server was late";
  const auto result = compare_files(side_of(made_up_rows(50)), side_of(rows, '2'), {});
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_EQ(result.findings[0].verdict, verdict::cannot_tell);
  EXPECT_EQ(result.findings[0].reason, "1 of 20 failed in head: the server was late");
}

ordered_json failing_rows(std::size_t failed) {
  auto rows = made_up_rows(60);
  for (std::size_t i = 0; i < failed; ++i) {
    rows[i]["error_occurred"] = true;
    rows[i]["error_message"] = "fares differ";
  }
  return rows;
}

TEST(compare_files, head_that_only_fails_is_a_regression) {
  for (const std::size_t failed_in_base : {0u, 1u}) {
    const auto result =
        compare_files(side_of(failing_rows(failed_in_base)), side_of(failing_rows(20), '2'), {});
    ASSERT_EQ(result.findings.size(), 1u);
    EXPECT_EQ(result.findings[0].verdict, verdict::regression);
    EXPECT_THAT(result.findings[0].reason, testing::StartsWith("failed in head: fares differ"));
    EXPECT_EQ(exit_code_of(result, false), exit_worse);
    EXPECT_THAT(headline(result), HasSubstr("1 of 1 got worse"));
  }
}

TEST(compare_files, base_that_only_fails_is_an_improvement) {
  const auto result = compare_files(side_of(failing_rows(20)), side_of(made_up_rows(50), '2'), {});
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_EQ(result.findings[0].verdict, verdict::improvement);
  EXPECT_EQ(result.findings[0].reason, "failed in base: fares differ");
}

TEST(compare_files, failures_of_both_sides_cannot_be_told) {
  for (const auto& [in_base, in_head] : {std::pair{20u, 20u}, {20u, 1u}, {1u, 2u}}) {
    const auto result =
        compare_files(side_of(failing_rows(in_base)), side_of(failing_rows(in_head), '2'), {});
    ASSERT_EQ(result.findings.size(), 1u);
    EXPECT_EQ(result.findings[0].verdict, verdict::cannot_tell);
    EXPECT_THAT(result.findings[0].reason, HasSubstr("in head: fares differ"));
    EXPECT_THAT(result.findings[0].reason, HasSubstr("in base: fares differ"));
  }
}

TEST(compare_files, sides_without_a_common_row_are_refused) {
  const auto other =
      made_up_rows(50, 20, 1, "fetch/strategy:new/workers:20/latency_ms:20/page_kb:3/days:100");
  try {
    compare_files(side_of(made_up_rows(50)), side_of(other, '2'), {});
    FAIL();
  } catch (const track_error& error) {
    EXPECT_EQ(error.exit_code(), exit_incomparable);
    EXPECT_THAT(error.what(), HasSubstr("side 1 and side 2 have no row in common"));
  }
}

TEST(compare_files, metric_of_one_side_cannot_be_told) {
  auto rows = made_up_rows(50);
  for (auto& row : rows) row.erase("heap_peak_bytes");
  const auto forward = compare_files(side_of(made_up_rows(50)), side_of(rows, '2'), {});
  EXPECT_EQ(finding_of(forward, "heap_peak_bytes").verdict, verdict::cannot_tell);
  EXPECT_EQ(finding_of(forward, "heap_peak_bytes").reason, "only base has this figure");
  EXPECT_EQ(exit_code_of(forward, true), exit_incomparable);
  const auto back = compare_files(side_of(rows), side_of(made_up_rows(50), '2'), {});
  EXPECT_EQ(finding_of(back, "heap_peak_bytes").reason, "only head has this figure");
  EXPECT_EQ(compare_files(side_of(rows), side_of(rows, '2'), {}).findings.size(), 4u);
}

ordered_json rows_with(const char* column, double value) {
  auto rows = made_up_rows(50);
  for (auto& row : rows) row[column] = value;
  return rows;
}

TEST(compare_files, figure_of_zero_is_100_percent_less) {
  for (const char* column : {"rss_growth_bytes", "heap_peak_bytes", "allocations_per_request"}) {
    const auto zero = rows_with(column, 0);
    const auto less = compare_files(side_of(made_up_rows(50)), side_of(zero, '2'), {});
    EXPECT_EQ(finding_of(less, column).verdict, verdict::improvement) << column;
    EXPECT_EQ(finding_of(less, column).change, -1);
    EXPECT_THAT(comparison_table(less, same_findings::listed), HasSubstr("-100.0 %"));
    const auto more = compare_files(side_of(zero), side_of(made_up_rows(50), '2'), {});
    EXPECT_EQ(finding_of(more, column).verdict, verdict::regression) << column;
    EXPECT_EQ(finding_of(more, column).change, std::nullopt);
    const auto none = compare_files(side_of(zero), side_of(zero, '2'), {});
    EXPECT_EQ(finding_of(none, column).verdict, verdict::same) << column;
    for (const auto& result : {less, more, none})
      for (const auto& text : {comparison_table(result, same_findings::listed),
                               comparison_markdown(result, "track"), comparison_json(result)})
        EXPECT_THAT(text, testing::Not(testing::ContainsRegex("nan|inf|null"))) << column;
  }
}

TEST(compare_files, some_figures_of_zero_cannot_be_told) {
  auto rows = made_up_rows(50);
  for (std::size_t i = 0; i < 10; ++i) rows[i]["rss_growth_bytes"] = 0.0;
  for (const auto& [base, head] : {std::pair{made_up_rows(50), rows}, {rows, made_up_rows(50)}}) {
    const auto result = compare_files(side_of(base), side_of(head, '2'), {});
    EXPECT_EQ(finding_of(result, "rss_growth_bytes").verdict, verdict::cannot_tell);
    EXPECT_EQ(finding_of(result, "rss_growth_bytes").min_detectable, std::nullopt);
    EXPECT_THAT(comparison_table(result, same_findings::listed),
                testing::Not(testing::ContainsRegex("nan|inf")));
  }
  rows = made_up_rows(50);
  rows[0]["rss_growth_bytes"] = 0.0;
  const auto result = compare_files(side_of(made_up_rows(50)), side_of(rows, '2'), {});
  EXPECT_EQ(finding_of(result, "rss_growth_bytes").verdict, verdict::same) << "an outlier";
}

/// A side of one file that bench wrote. It has nothing that only `track record` knows.
recorded_side side_of_bench(const ordered_json& rows, const ordered_json& changes = {}) {
  auto context = made_up_context();
  for (const char* name : {"parents", "machine", "program_sha256", "canary", "canary_after", "steal_percent",
                           "load_before", "load_after"})
    context.erase(name);
  context.update({{"cpu_model", "Some CPU"}, {"kernel", "Linux 6.18.1 x86_64"}, {"usable_cpus", "2"}});
  if (!changes.is_null()) context.update(changes);
  const auto path = std::filesystem::temp_directory_path() / fmt::format("farebench-{}.json", ::getpid());
  std::ofstream{path} << ordered_json{{"context", context}, {"benchmarks", rows}};
  recorded_side side{.name = "run.json", .runs = {read_comparable_run(path)}};
  std::filesystem::remove(path);
  return side;
}

TEST(compare_files, files_of_bench_have_verdicts_and_a_note) {
  const auto result = compare_files(side_of_bench(made_up_rows(50)), side_of_bench(made_up_rows(60)), {});
  EXPECT_EQ(finding_of(result, "real_time").verdict, verdict::regression);
  EXPECT_EQ(finding_of(result, "heap_peak_bytes").verdict, verdict::same);
  EXPECT_FALSE(result.is_of_one_program());
  EXPECT_THAT(result.notes, testing::Contains(HasSubstr("without a canary")));
  EXPECT_THAT(comparison_table(result, same_findings::listed), Not(HasSubstr("program ")));
}

TEST(compare_files, file_of_bench_compares_with_a_recording) {
  const ordered_json same{{"cpu_model", "Some CPU"}, {"kernel", "Linux 6.18.9 x86_64"}, {"usable_cpus", "2"}};
  const auto result =
      compare_files(side_of(made_up_rows(50), '1', same), side_of_bench(made_up_rows(60)), {});
  EXPECT_EQ(finding_of(result, "real_time").verdict, verdict::regression);
  EXPECT_THAT(result.notes, testing::Contains(HasSubstr("without a canary")));
}

TEST(compare_files, files_of_bench_need_equal_processors) {
  for (const auto& [name, value] :
       {std::pair{"cpu_model", "Other CPU"}, {"kernel", "Linux 7.0.1 x86_64"}, {"usable_cpus", "1"}}) {
    try {
      compare_files(side_of_bench(made_up_rows(50)), side_of_bench(made_up_rows(50), {{name, value}}), {});
      ADD_FAILURE() << name;
    } catch (const track_error& error) {
      EXPECT_THAT(error.what(), HasSubstr("their machine differs"));
      EXPECT_EQ(error.exit_code(), exit_incomparable);
    }
  }
}

TEST(compare_files, different_compilers_are_noted) {
  const auto result = compare_files(side_of(made_up_rows(50)),
                                    side_of(made_up_rows(50), '2', {{"compiler", "Clang 19"}}), {});
  EXPECT_THAT(result.notes, testing::Contains("compiler: GNU 12.2.0 in base, Clang 19 in head"));
}

comparison made_up_comparison() {
  comparison result;
  result.base = {
      .name = "main", .commit = std::string(40, 'a'), .dirty = false, .program_sha256 = std::string(64, '1')};
  result.head = {
      .name = "HEAD", .commit = std::string(40, 'b'), .dirty = true, .program_sha256 = std::string(64, '2')};
  result.machine = "some-cpu";
  result.findings = {{.series = "fetch/one",
                      .metric = "real_time",
                      .verdict = verdict::regression,
                      .base = side_summary{50, 0.01},
                      .head = side_summary{57.5, 0.02},
                      .change = 0.15,
                      .low = 0.141,
                      .high = 0.16,
                      .confidence = 0.99,
                      .floor = 0.02,
                      .reason = "beyond the floor of 2.0 %"},
                     {.series = "fetch/one",
                      .metric = "heap_peak_bytes",
                      .verdict = verdict::same,
                      .base = side_summary{2097152, 0},
                      .head = side_summary{2097152, 0},
                      .change = 0,
                      .reason = "exactly"},
                     {.series = "fetch/two|three",
                      .metric = "cpu_us_per_request",
                      .verdict = verdict::cannot_tell,
                      .base = side_summary{60, 0.3},
                      .head = side_summary{62, 0.3},
                      .change = 0.03,
                      .min_detectable = 0.4,
                      .reason = "not detectable below 40.0 %"}};
  result.base_only = {"fetch/gone"};
  result.notes = {"something"};
  result.steps = {{"screening", 1.5}};
  return result;
}

TEST(comparison_table, findings_are_ordered_by_verdict) {
  EXPECT_EQ(comparison_table(made_up_comparison(), same_findings::listed),
            R"(1 of 3 got worse: time of fetch/one. 1 of 3 cannot be told: CPU/request of fetch/two|three.

base  main  aaaaaaaaaaaa, program 111111111111
head  HEAD  bbbbbbbbbbbb and changes, program 222222222222
on    some-cpu

metric                     base              head                  change  reason

Regressions
fetch/one
  time          50.0 ms ± 1.0 %   57.5 ms ± 2.0 %  +15.0 % [+14.1, +16.0]  beyond the floor of 2.0 %

Cannot tell
fetch/two|three
  CPU/request  60.0 µs ± 30.0 %  62.0 µs ± 30.0 %                  +3.0 %  not detectable below 40.0 %

The same
fetch/one
  heap peak    2.00 MiB ± 0.0 %  2.00 MiB ± 0.0 %                   0.0 %  exactly

only in base: fetch/gone
note: something
1 regression, 0 improvements, 1 the same, 1 cannot be told
)");
}

TEST(comparison_table, accepted_regression_does_not_count_as_worse) {
  auto result = made_up_comparison();
  EXPECT_EQ(exit_code_of(result, false), exit_worse);
  result.findings[0].acceptance = "worth it";
  EXPECT_THAT(comparison_table(result, same_findings::listed),
              HasSubstr("Accepted regressions\nfetch/one\n  time"));
  EXPECT_THAT(comparison_table(result, same_findings::listed), HasSubstr("; accepted: worth it"));
  EXPECT_THAT(comparison_table(result, same_findings::listed), HasSubstr("1 regression (1 accepted)"));
  EXPECT_EQ(exit_code_of(result, false), exit_nothing_worse);
  EXPECT_EQ(exit_code_of(result, true), exit_incomparable);
}

TEST(comparison_table, counted_same_findings_have_no_lines) {
  const auto text = comparison_table(made_up_comparison(), same_findings::counted);
  EXPECT_THAT(text, Not(HasSubstr("heap peak")));
  EXPECT_THAT(text, HasSubstr("1 the same"));
}

TEST(comparison_table, text_from_files_is_escaped) {
  auto result = made_up_comparison();
  result.findings[0].series = "fetch/\x1b[2J";
  result.notes = {"a\rb"};
  const auto text = comparison_table(result, same_findings::listed);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("fetch/\\x1b[2J"));
  EXPECT_THAT(text, HasSubstr("a\\x0db"));
}

/// Clients instead of commits.
comparison client_comparison() {
  auto result = made_up_comparison();
  result.base = {.name = "A", .command = "./old --fast", .version = "aiohttp 3.8.4"};
  result.head = {.name = "B", .command = "LD_LIBRARY_PATH=/opt ./new|`x`"};
  return result;
}

TEST(comparison_table, clients_have_version_and_command) {
  EXPECT_THAT(comparison_table(client_comparison(), same_findings::listed),
              HasSubstr("base  A  aiohttp 3.8.4: ./old --fast\n"
                        "head  B  LD_LIBRARY_PATH=/opt ./new|`x`\n"));
}

TEST(comparison_json, clients_have_version_and_command) {
  const auto json = nlohmann::json::parse(comparison_json(client_comparison()));
  EXPECT_EQ(json["base"],
            nlohmann::json::parse(R"({"name": "A", "command": "./old --fast", "version": "aiohttp 3.8.4"})"));
  EXPECT_EQ(json["head"],
            nlohmann::json::parse(R"({"name": "B", "command": "LD_LIBRARY_PATH=/opt ./new|`x`"})"));
  EXPECT_EQ(json["same_program"], false);
}

TEST(comparison_markdown, clients_have_version_and_command) {
  EXPECT_THAT(comparison_markdown(client_comparison(), "track"),
              HasSubstr("`A` (aiohttp 3.8.4: `./old --fast`) → `B` (`` LD_LIBRARY_PATH=/opt ./new|`x` ``), "
                        "on some-cpu"));
}

TEST(headline, many_findings_are_counted_and_three_named) {
  auto result = made_up_comparison();
  result.findings.assign(5, result.findings[2]);
  for (auto& found : result.findings)
    found.series = "fetch/strategy:coroutines/loops:2/workers:20/latency_ms:20/page_kb:3/days:100";
  EXPECT_EQ(headline(result),
            "Nothing got worse. 5 of 5 cannot be told: CPU/request of coroutines, 2 loops with 20 workers, "
            "CPU/request of coroutines, 2 loops with 20 workers, CPU/request of coroutines, 2 loops with 20 "
            "workers, 2 more.");
  result.findings.clear();
  EXPECT_EQ(headline(result), "Nothing got worse.");
}

TEST(comparison_json, contains_all_findings) {
  const auto json = nlohmann::json::parse(comparison_json(made_up_comparison()));
  EXPECT_EQ(json["base"]["commit"], std::string(40, 'a'));
  EXPECT_EQ(json["regressions"], 1);
  EXPECT_EQ(json["cannot_tell"], 1);
  EXPECT_EQ(json["same_program"], false);
  ASSERT_EQ(json["findings"].size(), 3u);
  EXPECT_EQ(json["findings"][0]["verdict"], "regression");
  EXPECT_EQ(json["findings"][0]["change_low"], 0.141);
  EXPECT_FALSE(json["findings"][1].contains("change_low"));
  EXPECT_EQ(json["findings"][2]["smallest_seen"], 0.4);
  EXPECT_EQ(json["base_only"][0], "fetch/gone");
  EXPECT_EQ(json["headline"], headline(made_up_comparison()));
  EXPECT_EQ(json["steps"][0]["name"], "screening");
  EXPECT_EQ(json["steps"][0]["seconds"], 1.5);
}

TEST(comparison_markdown, changes_stand_first_and_the_rest_collapsed) {
  const auto text = comparison_markdown(made_up_comparison(), "track compare a b");
  EXPECT_THAT(text, testing::StartsWith(
                        "### 1 of 3 got worse: time of fetch/one. 1 of 3 cannot be told: CPU/request of"));
  const auto details = text.find("<details>");
  ASSERT_NE(details, std::string::npos);
  const auto shown = text.substr(0, details);
  EXPECT_THAT(shown, HasSubstr("| `fetch/one` | time | 50.0 ms ± 1.0 % | 57.5 ms ± 2.0 % | +15.0 %"));
  EXPECT_THAT(shown, HasSubstr("**regression**"));
  EXPECT_THAT(shown, HasSubstr("1 the same"));
  EXPECT_THAT(shown, HasSubstr("To repeat it: `track compare a b`\n"));
  EXPECT_THAT(shown, Not(HasSubstr("heap peak")));
  const auto collapsed = text.substr(details);
  EXPECT_THAT(collapsed, HasSubstr("<summary>1 cannot be told</summary>\n\n| series |"));
  EXPECT_THAT(collapsed, HasSubstr("fetch/two\\|three"));
  EXPECT_THAT(collapsed, HasSubstr("only in base: `fetch/gone`"));
  EXPECT_THAT(collapsed, HasSubstr("<summary>1 the same</summary>\n\n| series |"));
  EXPECT_THAT(collapsed, HasSubstr("| heap peak |"));
}

TEST(comparison_markdown, size_is_limited_and_omissions_counted) {
  auto result = made_up_comparison();
  result.findings.assign(10'000, result.findings[0]);
  const auto text = comparison_markdown(result, "track");
  EXPECT_LT(text.size(), max_summary_bytes + 200);
  EXPECT_GT(std::ranges::count(text, '\n'), 1000);
  EXPECT_THAT(text, testing::EndsWith(" lines omitted: the output of track has them.\n"));
}

TEST(comparison_command, repeats_the_comparison) {
  auto commits = made_up_comparison();
  const std::vector<std::string> flags{"--workers", "1, 10"};
  EXPECT_EQ(command_of(commits, flags), "track compare aaaaaaaaaaaa . -- --workers '1, 10'");
  commits.head.dirty = false;
  EXPECT_EQ(command_of(commits, {}), "track compare aaaaaaaaaaaa bbbbbbbbbbbb");
  auto clients = client_comparison();
  clients.head.command = "./b 'x'";
  EXPECT_EQ(command_of(clients, {}), R"(track compare --client 'A=./old --fast' --client 'B=./b '\''x'\''')");
  commits.is_from_files = true;
  commits.base.name = "a b.json";
  EXPECT_EQ(command_of(commits, {}), "track compare 'a b.json' HEAD");
}

TEST(comparison_markdown, text_from_files_is_escaped) {
  auto result = made_up_comparison();
  const std::string hostile = "x\x1b[31m\n## y `` | <b>&amp; [z](http://a)\u202E";
  result.findings[0].series = hostile;
  result.findings[0].reason = hostile;
  result.base.name = hostile;
  result.machine = hostile;
  result.base_only = {hostile};
  result.notes = {hostile};
  const auto text = comparison_markdown(result, "track");
  const auto harmless = comparison_markdown(made_up_comparison(), "track");
  EXPECT_EQ(std::ranges::count(text, '\n'), std::ranges::count(harmless, '\n'));
  EXPECT_EQ(text.find("\x1b"), std::string::npos);
  EXPECT_EQ(text.find("\u202E"), std::string::npos);
  EXPECT_THAT(text, HasSubstr("``` x\\x1b[31m\\x0a## y `` \\| <b>&amp; [z](http://a)\\u{202e} ``` | time"));
  EXPECT_THAT(text, HasSubstr("x\\\\x1b\\[31m\\\\x0a\\#\\# y \\`\\` \\| \\<b\\>\\&amp; \\[z\\](http://a)"));
}

TEST(comparison_json, is_ascii) {
  auto result = made_up_comparison();
  result.notes = {"a\u202Eb\u009Bc\x1b\xff"};
  EXPECT_THAT(comparison_json(result), HasSubstr(R"("a\u202eb\u009bc\u001b\ufffd")"));
}

}  // namespace
}  // namespace farebench::track
