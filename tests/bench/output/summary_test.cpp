#include "bench/output/summary.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "bench/output/markdown.hpp"
#include "bench/output/text_table.hpp"
#include "tests/bench/output/sample_results.hpp"
#include "tests/bench/scratch_folder.hpp"
#include "tests/support/run_command.hpp"

namespace farebench {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using results = std::vector<case_result>;

constexpr std::size_t wide = 200;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

case_result with_failure(case_result result, std::string reason) {
  result.repetitions.push_back({.verdict = {.failure = std::move(reason)}});
  return result;
}

case_result hold(std::string strategy, std::size_t workers, double growth_kib, double cpu_us) {
  auto result = sample_result(std::move(strategy), workers, 2000);
  result.parameters.kind = point_kind::hold;
  result.repetitions[0].columns = {{"rss_growth_bytes", growth_kib * 1024}, {"cpu_us_per_request", cpu_us}};
  return result;
}

TEST(summary_text, shows_figures_aligned_in_their_units) {
  auto pool = sample_result("thread_pool", 20, 250);
  pool.repetitions.push_back(sample_row(240));
  pool.repetitions.push_back(sample_row(260));
  const auto lines =
      lines_of(summary_text(results{sample_result("sequential", 1, 4123.44), pool}, "light", wide));
  EXPECT_EQ(lines.at(0), "strategy     workers  time ms  ×ideal  peak MiB  KiB/worker  CPU µs/request");
  EXPECT_EQ(lines.at(2), "sequential   1         4123.4    1.25      15.5        20.2           101.4");
  EXPECT_EQ(lines.at(3), "thread_pool  20         250.0    1.25      15.5        20.2           101.4");
}

TEST(summary_text, uses_seconds_from_ten_on) {
  const auto text =
      summary_text(results{sample_result("a", 1, 29'300), sample_result("b", 9, 300)}, "light", wide);
  EXPECT_THAT(text, AllOf(HasSubstr("time s"), HasSubstr(" 29.30 "), HasSubstr(" 0.30 ")));
}

TEST(summary_text, drops_columns_to_fit_the_width) {
  results all;
  for (const char* strategy : {"sequential", "multi_socket", "python_threads", "raw_epoll"})
    all.push_back(sample_result(strategy, 100, 12'345, 300));
  all.push_back(
      with_failure(sample_result("fibers", 10'000, 1), std::string(300, 'x') + " " + std::string(30, 'y')));
  all[0].repetitions[0].verdict.warning = "the server is late: " + std::string(70, 'z');
  const auto header_at = [&](std::size_t width) { return lines_of(summary_text(all, "light", width)).at(0); };
  EXPECT_THAT(header_at(wide), EndsWith("CPU µs/request  ×floor  CPU×floor"));
  EXPECT_THAT(header_at(80), AllOf(HasSubstr("time s"), HasSubstr("peak MiB"), HasSubstr("CPU µs/request"),
                                   Not(HasSubstr("CPU×floor"))));
  EXPECT_LE(text_width(header_at(80)), 80U);
  EXPECT_LE(text_width(header_at(45)), 45U);
  EXPECT_THAT(header_at(1), EndsWith("workers  time s")) << "the time always stays";
  for (const auto& line : lines_of(summary_text(all, "light", 80))) {
    if (line.starts_with("  xxx")) continue;
    EXPECT_LE(text_width(line), 80U) << line;
  }
}

TEST(summary_text, absent_figures_are_dashes) {
  auto odd = sample_result("a", 1, 10);
  odd.repetitions[0].columns["ideal_ratio"] = std::numeric_limits<double>::quiet_NaN();
  odd.repetitions[0].columns.erase("bytes_per_worker");
  const auto lines = lines_of(summary_text(results{odd, sample_result("b", 1, 10)}, "light", wide));
  EXPECT_EQ(text_width(lines.at(2)), text_width(lines.at(3)));
  EXPECT_THAT(lines.at(2), ContainsRegex("10\\.0 +– +15\\.5 +– +101\\.4"));
}

TEST(summary_text, failed_case_has_reason_below_the_table) {
  auto twice = with_failure(with_failure(sample_result("bbbbbb", 100, 1), "first"), "second");
  auto once = sample_result("a", 1, 1);
  once.repetitions[0].verdict.failure = "17 fares\nare missing";
  const auto lines = lines_of(summary_text(results{once, twice, sample_result("c", 1, 1)}, "light", wide));
  EXPECT_EQ(lines.at(2), "a         1        FAILED");
  EXPECT_EQ(lines.at(3), "bbbbbb    100      FAILED");
  EXPECT_EQ(text_width(lines.at(4)), text_width(lines.at(0)));
  EXPECT_EQ(lines.at(5), "failed: a, 1 worker: 17 fares\\x0aare missing");
  EXPECT_EQ(lines.at(6), "failed: bbbbbb, 100 workers (2 of 3): first");
}

TEST(summary_text, warnings_follow_the_table) {
  auto late = sample_result("a", 1, 1);
  late.repetitions[0].verdict.warning = "server late";
  auto twice = sample_result("b", 20, 1);
  twice.repetitions.insert(twice.repetitions.end(), 2, late.repetitions[0]);
  const auto lines = lines_of(summary_text(results{late, twice}, "light", wide));
  EXPECT_EQ(lines.at(4), "warning: a, 1 worker: server late");
  EXPECT_EQ(lines.at(5), "warning: b, 20 workers (2 of 3): server late");
}

TEST(summary_text, many_warnings_end_with_a_count) {
  results all;
  for (std::size_t workers = 1; workers <= 9; ++workers) {
    all.push_back(sample_result("a", workers, 1));
    all.back().repetitions[0].verdict.warning = "server late";
  }
  const auto text = summary_text(all, "light", wide);
  EXPECT_THAT(
      text,
      HasSubstr("warning: a, 6 workers: server late\nwarning: 3 more cases, see the labels of their rows\n"));
}

TEST(summary_text, marks_kind_and_engine_beside_workers) {
  auto held = sample_result("a", 10, 1);
  held.parameters.kind = point_kind::hold;
  auto other = sample_result("a", 20, 1);
  other.parameters.engine = engine_kind::cpp_httplib;
  const auto lines = lines_of(summary_text(results{held, other}, "custom", wide));
  EXPECT_THAT(lines.at(2), StartsWith("a         10 hold "));
  EXPECT_THAT(lines.at(3), StartsWith("a         20 cpp-httplib "));
}

TEST(summary_text, explains_article_workers_in_article_only) {
  const results all{sample_result("a", 20, 10), sample_result("a", 100, 5)};
  EXPECT_THAT(summary_text(all, "article", wide), HasSubstr("the article's default pool"));
  EXPECT_THAT(summary_text(all, "custom", wide), Not(HasSubstr("article")));
  EXPECT_THAT(summary_text(results{all[0]}, "article", wide), Not(HasSubstr("article's")));
}

TEST(summary_text, shows_ratios_to_floor_of_the_point) {
  auto failed_floor = with_failure(sample_result("raw_epoll", 7, 20), "wrong fares");
  const auto lines = lines_of(summary_text(results{sample_result("a", 20, 30), sample_result("a", 7, 30),
                                                   sample_result("raw_epoll", 20, 20), failed_floor},
                                           "light", wide));
  EXPECT_THAT(lines.at(0), EndsWith("  ×floor  CPU×floor"));
  EXPECT_THAT(lines.at(2), ContainsRegex(" 1\\.50 +1\\.00$"));
  EXPECT_THAT(lines.at(3), ContainsRegex(" – +–$"));
  EXPECT_THAT(lines.at(4), ContainsRegex(" 1\\.00 +1\\.00$"));
  EXPECT_THAT(summary_text(results{sample_result("a", 20, 30)}, "light", wide), Not(HasSubstr("×floor")));
}

/// Returns the first two cells of each row of a text table, with one blank between.
std::vector<std::string> row_names(const results& all, table_order order) {
  std::vector<std::string> names;
  for (const auto& line : lines_of(summary_text(all, "light", wide, {.order = order}))) {
    if (line.empty()) break;
    std::istringstream cells{line};
    std::string strategy;
    std::string workers;
    cells >> strategy >> workers;
    if (!workers.empty() && strategy != "strategy" && !strategy.ends_with(':'))
      names.push_back(strategy + " " + workers);
  }
  return names;
}

TEST(summary_text, is_sorted_within_each_point) {
  auto held = sample_result("a", 100, 1, 1);
  held.parameters.kind = point_kind::hold;
  const results all{sample_result("b", 20, 30, 12),  sample_result("b", 100, 10, 22),
                    sample_result("a", 20, 20, 13),  held,
                    sample_result("a", 100, 11, 21), sample_result("c", 20, 10, 11)};
  EXPECT_THAT(row_names(all, table_order::time),
              ElementsAre("c 20", "a 20", "b 20", "b 100", "a 100", "a 100"));
  EXPECT_THAT(row_names(all, table_order::memory),
              ElementsAre("c 20", "b 20", "a 20", "a 100", "b 100", "a 100"));
  EXPECT_THAT(row_names(all, table_order::name),
              ElementsAre("a 20", "b 20", "c 20", "a 100", "b 100", "a 100"));
}

TEST(summary_text, cpu_and_worker_memory_sort_by_their_column) {
  results all{sample_result("a", 9, 1), sample_result("b", 9, 2), sample_result("c", 9, 3)};
  const auto set = [&](const std::string& column, std::initializer_list<double> values) {
    for (auto [result, value] = std::pair{all.begin(), values.begin()}; result != all.end();
         ++result, ++value)
      result->repetitions[0].columns[column] = *value;
  };
  set("cpu_us_per_request", {3, 1, 2});
  set("bytes_per_worker", {2, 3, 1});
  EXPECT_THAT(row_names(all, table_order::cpu), ElementsAre("b 9", "c 9", "a 9"));
  EXPECT_THAT(row_names(all, table_order::worker_memory), ElementsAre("c 9", "a 9", "b 9"));
}

TEST(summary_text, failed_cases_sort_last_and_equal_ones_stay) {
  auto without_figure = sample_result("d", 9, 1);
  without_figure.repetitions[0].columns.erase("rss_peak_bytes");
  const results all{with_failure(sample_result("z", 9, 1, 1), "wrong fares"),
                    with_failure(sample_result("a", 9, 1, 0), "late"),
                    without_figure,
                    sample_result("y", 9, 1, 20),
                    sample_result("x", 9, 1, 20),
                    sample_result("w", 9, 1, 10)};
  EXPECT_THAT(row_names(all, table_order::memory), ElementsAre("w 9", "y 9", "x 9", "d 9", "z 9", "a 9"));
}

TEST(summary_text, markdown_has_all_columns_and_notes_as_paragraphs) {
  auto late = sample_result("client:my_|_own", 100, 1'000, 9);
  late.repetitions[0].verdict.warning = "server_late *much*: " + std::string(100, 'x');
  const auto lines = lines_of(summary_text(
      results{late, sample_result("raw_epoll", 100, 900, 9), with_failure(sample_result("a", 1, 1), "a|b"),
              sample_result("fibers", 100, 1'010, 7)},
      "light", 10, {.format = table_format::markdown, .order = table_order::memory}));
  EXPECT_THAT(
      lines,
      ElementsAre(
          "| strategy           | workers | time ms | ×ideal | peak MiB | KiB/worker | CPU µs/request | "
          "×floor | "
          "CPU×floor |",
          "| :----------------- | :------ | ------: | -----: | -------: | ---------: | -------------: | "
          "-----: | "
          "--------: |",
          "| fibers             | 100     |  1010.0 |   1.25 |      7.0 |       20.2 |          101.4 |   "
          "1.12 | "
          "     1.00 |",
          "| client:my\\_\\|\\_own | 100     |  1000.0 |   1.25 |      9.0 |       20.2 |          101.4 |   "
          "1.11 | "
          "     1.00 |",
          "| raw_epoll          | 100     |   900.0 |   1.25 |      9.0 |       20.2 |          101.4 |   "
          "1.00 | "
          "     1.00 |",
          "| a                  | 1       |  FAILED |        |          |            |                |      "
          "  | "
          "          |",
          "", "failed: a, 1 worker (1 of 2): a\\|b", "",
          "warning: client:my\\_\\|\\_own, 100 workers: server_late \\*much\\*: " + std::string(100, 'x'), "",
          StartsWith(
              "Fastest: client:my\\_\\|\\_own with 100 workers (1000.0 ms, 9.0 MiB). Leanest within 5 % "
              "of that time: fibers")));
}

TEST(summary_text, markdown_has_scale_as_second_table) {
  const auto lines = lines_of(summary_text(results{hold("a", 100, 1'500, 90), hold("a", 1'000, 10'500, 40)},
                                           "light", wide, {.format = table_format::markdown}));
  EXPECT_THAT(lines.at(4), "");
  EXPECT_EQ(lines.at(5), "| strategy (hold) | KiB/worker, fitted |  R² | CPU 10,000 / 1,000 |");
  EXPECT_EQ(lines.at(6), "| :-------------- | -----------------: | --: | -----------------: |");
}

TEST(markdown_text, escapes_what_has_a_meaning) {
  EXPECT_EQ(markdown_text("thread_pool <b> _x_ a\\b [1](2) `c` 1|2 &amp; ~~d~~ $e$"),
            "thread_pool \\<b\\> \\_x\\_ a\\\\b \\[1\\](2) \\`c\\` 1\\|2 \\&amp; \\~\\~d\\~\\~ \\$e\\$");
}

TEST(summary_text, markdown_is_read_back_by_a_parser) {
  if (test::run_command("command -v cmark-gfm").exit_code != 0) GTEST_SKIP() << "needs the package cmark-gfm";
  const scratch_folder folder;
  const std::string text = R"(*a* _b_ **c** `d` [e](f) ~~g~~ 1|2 \ &amp; <i> $h$)";
  std::ofstream{folder / "table.md"} << summary_text(
      results{sample_result("client:" + text, 1, 20), sample_result("thread_pool", 1, 10),
              with_failure(sample_result("fibers", 1, 1), text)},
      "light", wide, {.format = table_format::markdown});
  const auto run = test::run_command(fmt::format(
      "cmark-gfm -e table -e strikethrough -e autolink --to xml {}", (folder / "table.md").string()));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  const std::string read = R"(*a* _b_ **c** `d` [e](f) ~~g~~ 1|2 \ &amp;amp; &lt;i&gt; $h$)";
  EXPECT_THAT(run.output, HasSubstr(">client:" + read + "</text>"));
  EXPECT_THAT(run.output, HasSubstr(">failed: fibers, 1 worker (1 of 2): " + read + "</text>"));
  EXPECT_THAT(run.output, HasSubstr(">thread_pool</text>"));
  const auto count = [&](const std::string& element) {
    std::size_t found = 0;
    for (auto at = run.output.find(element); at != std::string::npos; at = run.output.find(element, at + 1))
      ++found;
    return found;
  };
  EXPECT_EQ(count("<table_row>"), 3u);
  EXPECT_EQ(count("<table_cell"), 4u * 7);
  EXPECT_EQ(count("<table_cell align=\"left\">"), 2u) << "strategy and workers";
  EXPECT_EQ(count("<table_cell align=\"right\">"), 5u);
  EXPECT_EQ(count("<paragraph>"), 2u) << "the failure and the recommendation";
  for (const char* element : {"<emph", "<strong", "<code", "<link", "<html", "<strikethrough"})
    EXPECT_EQ(count(element), 0u) << element;
}

TEST(summary_text, no_cases_give_no_text) {
  EXPECT_EQ(summary_text({}, "light", wide), "");
  auto empty = sample_result("a", 1, 1);
  empty.repetitions.clear();
  EXPECT_THAT(summary_text(results{empty}, "light", wide), HasSubstr("–"));
}

TEST(scale_table, fits_growth_and_compares_cpu_per_strategy) {
  auto burst = hold("a", 1000, 999'999, 999);
  burst.parameters.kind = point_kind::burst;
  const auto lines = lines_of(scale_table(
      results{burst, hold("a", 100, 1'500, 90), hold("a", 1'000, 10'500, 40), hold("a", 10'000, 100'500, 42),
              hold("b", 100, 150, 1), hold("b", 1'000, 150, 1), hold("b", 10'000, 151, 1)}));
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_THAT(lines[0], ContainsRegex("KiB/worker, fitted +R² +CPU 10,000 / 1,000$"));
  EXPECT_THAT(lines[2], ContainsRegex("^a +10\\.00 +1\\.00000 +1\\.05$"));
  EXPECT_THAT(lines[3], ContainsRegex("^b +0\\.00 +0\\.99[0-9]* +1\\.00$"));
}

TEST(scale_table, leaves_out_failed_cases) {
  const auto failed = with_failure(hold("a", 10'000, 1, 1), "no more threads");
  const auto two =
      lines_of(scale_table(results{hold("a", 100, 1'500, 90), hold("a", 1'000, 10'500, 40), failed}));
  EXPECT_THAT(two.at(2), ContainsRegex("^a +10\\.00 +– +–$")) << "two points are on any line";
  EXPECT_THAT(lines_of(scale_table(results{failed})).at(2), ContainsRegex("^a +– +– +–$"));
}

TEST(scale_table, without_hold_cases_is_empty) {
  EXPECT_EQ(scale_table(results{sample_result("a", 1000, 1)}), "");
  EXPECT_EQ(scale_table({}), "");
}

TEST(recommendation_text, names_each_choice_with_figures) {
  EXPECT_EQ(recommendation_text(
                results{sample_result("threads", 100, 100, 30), sample_result("fibers", 50, 105, 12),
                        sample_result("fibers", 100, 102, 11)},
                wide),
            "Fastest: threads with 100 workers (100.0 ms, 30.0 MiB). Leanest within 5 % of that time: fibers "
            "with 100 "
            "workers (102.0 ms, 11.0 MiB). Fewest workers within 5 %: 50 (105.0 ms, 12.0 MiB).\n");
  EXPECT_EQ(
      recommendation_text(results{sample_result("a", 1, 12'000, 10), sample_result("b", 1, 20'000, 9)}, wide),
      "Fastest and leanest: a with 1 worker (12.00 s, 10.0 MiB).\n");
}

TEST(recommendation_text, says_which_point_if_there_are_several) {
  results all{sample_result("a", 10, 5), sample_result("b", 10, 6), sample_result("a", 10, 7),
              sample_result("b", 10, 8)};
  all[2].parameters.kind = all[3].parameters.kind = point_kind::hold;
  EXPECT_THAT(lines_of(recommendation_text(all, wide)),
              ElementsAre(StartsWith("workers:10/latency_ms:20/page_kb:3/days:100"),
                          StartsWith("hold of 10 workers: ")));
}

TEST(recommendation_text, needs_a_choice) {
  EXPECT_EQ(recommendation_text(results{sample_result("a", 1, 5), sample_result("raw_epoll", 1, 2)}, wide),
            "");
  EXPECT_EQ(recommendation_text({}, wide), "");
}

TEST(summary_csv, has_a_row_per_case_with_spread) {
  auto result = sample_result("coroutines", 100, 10);
  result.repetitions.push_back(sample_row(30));
  result.repetitions.push_back(sample_row(20));
  const auto lines = lines_of(summary_csv(results{result}));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(
      lines[0],
      StartsWith("strategy,loops,workers,days,page_kb,latency,seed,engine,kind,task,connections,warm_up,"
                 "repetitions,failed,reason,real_time,real_time_min,real_time_max,"));
  EXPECT_THAT(lines[1], StartsWith("coroutines,1,100,100,3,20ms,,beast,,scrape,kept,0,3,0,,20,10,30,"));
  EXPECT_EQ(std::ranges::count(lines[0], ','), std::ranges::count(lines[1], ','));
  EXPECT_THAT(lines[1], EndsWith("\r"));
}

TEST(summary_csv, percentile_is_of_all_repetitions) {
  auto result = sample_result("coroutines", 100, 10);
  result.repetitions = {row_with_slow_items(100, 0), row_with_slow_items(100, 0),
                        row_with_slow_items(100, 9)};
  const auto lines = lines_of(summary_csv(results{result}));
  EXPECT_THAT(lines[1], HasSubstr(",1.002,1.002,1.002,100.096,1.002,100.096,")) << "p50 and p99";
}

TEST(summary_csv, failed_case_has_reason_and_no_figures) {
  const auto lines =
      lines_of(summary_csv(results{with_failure(sample_result("a", 1, 10), "late, \"very\"\nlate")}));
  EXPECT_THAT(lines.at(1), HasSubstr(",2,1,\"late, \"\"very\"\"\\x0alate\",,,,"));
}

TEST(wrap_text, breaks_at_spaces_and_indents) {
  EXPECT_EQ(wrap_text("one two three", 9), "one two\n  three");
  EXPECT_EQ(wrap_text("one two three", 13), "one two three");
  EXPECT_EQ(wrap_text("µµµµ µµµµ", 9), "µµµµ µµµµ");
  EXPECT_EQ(wrap_text("unbreakable", 3), "unbreakable");
  EXPECT_EQ(wrap_text("", 3), "");
}

}  // namespace
}  // namespace farebench
