#include "bench/track/compare.hpp"

#include <gmock/gmock.h>

#include "bench/track/error.hpp"
#include "tests/bench/track/made_up_run.hpp"

namespace farebench::track {
namespace {

using nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;

recorded_side side_of(const ordered_json& rows, char program = '1', const ordered_json& changes = {}) {
  auto context = made_up_context();
  context["program_sha256"] = std::string(64, program);
  if (!changes.is_null()) context.update(changes);
  return {.name = std::string{"side "} + program, .runs = {made_up_run(context, rows)}};
}

const finding& of_metric(const comparison& made, std::string_view name) {
  return *std::ranges::find(made.findings, name, &finding::metric);
}

TEST(compare_files, finds_what_is_slower_and_what_is_fatter) {
  const auto made = compare_files(side_of(made_up_rows(50)), side_of(made_up_rows(60, 20, 105'000), '2'), {});
  EXPECT_EQ(of_metric(made, "real_time").what, verdict::regression);
  EXPECT_EQ(of_metric(made, "heap_peak_bytes").what, verdict::regression);
  EXPECT_EQ(of_metric(made, "rss_growth_bytes").what, verdict::same);
  EXPECT_EQ(exit_code_of(made, false), exit_worse);
  EXPECT_THAT(made.notes.front(), HasSubstr("weaker evidence"));
}

TEST(compare_files, finds_nothing_between_a_run_and_itself) {
  const auto made = compare_files(side_of(made_up_rows(50)), side_of(made_up_rows(50)), {});
  EXPECT_EQ(count(made, verdict::same), made.findings.size());
  EXPECT_TRUE(made.is_of_one_program());
  EXPECT_THAT(made.notes, testing::Contains(HasSubstr("A/A")));
}

TEST(compare_files, cannot_tell_of_few_repetitions) {
  const auto made = compare_files(side_of(made_up_rows(50, 5)), side_of(made_up_rows(60, 5), '2'), {});
  EXPECT_EQ(of_metric(made, "real_time").what, verdict::cannot_tell);
  EXPECT_THAT(of_metric(made, "real_time").why, HasSubstr("5 pairs, at least"));
  EXPECT_EQ(exit_code_of(made, false), exit_nothing_worse);
  EXPECT_EQ(exit_code_of(made, true), exit_incomparable);
}

TEST(compare_files, corrects_for_how_many_metrics_are_tested) {
  const auto one = compare_files(side_of(made_up_rows(50)), side_of(made_up_rows(50), '2'), {});
  auto many = made_up_rows(50);
  for (int i = 0; i < 30; ++i)
    for (const auto& row : made_up_rows(50, 20, 100'000, made_up_series + std::to_string(i)))
      many.push_back(row);
  const auto thirty = compare_files(side_of(many), side_of(many, '2'), {});
  EXPECT_GT(of_metric(thirty, "real_time").confidence, of_metric(one, "real_time").confidence);
  EXPECT_GE(of_metric(thirty, "real_time").confidence, 1 - 0.05 / (31 * 3));
}

TEST(compare_files, does_not_blame_the_program_for_what_the_canary_shows) {
  const auto slower = side_of(made_up_rows(60), '2', {{"canary", 1.25}, {"canary_after", 1.25}});
  const auto made = compare_files(side_of(made_up_rows(50)), slower, {});
  EXPECT_EQ(of_metric(made, "real_time").what, verdict::same);
  EXPECT_NEAR(of_metric(made, "real_time").floor, 0.25, 1e-9);
  EXPECT_EQ(of_metric(made, "rss_growth_bytes").floor, find_metric("rss_growth_bytes")->least_floor);
}

TEST(compare_files, does_not_call_what_the_machine_does_between_two_runs_of_one_program) {
  const auto known =
      noise_of_recordings({side_of(made_up_rows(50)).runs[0], side_of(made_up_rows(62)).runs[0],
                           side_of(made_up_rows(99), '3').runs[0]});
  EXPECT_EQ(known.known(made_up_series, "real_time"), 1u);
  const auto made = compare_files(side_of(made_up_rows(50)), side_of(made_up_rows(60), '2'), known);
  EXPECT_EQ(of_metric(made, "real_time").what, verdict::same);
}

TEST(compare_files, refuses_other_machines_workloads_and_engines_with_the_reason) {
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
    } catch (const track_error& why) {
      EXPECT_EQ(why.exit_code(), exit_incomparable);
      EXPECT_THAT(why.what(), HasSubstr(name));
      EXPECT_THAT(why.what(), HasSubstr(value));
    }
  }
  try {
    compare_files(side_of(made_up_rows(50)), side_of(made_up_rows(50), '2', {{"build_type", "Debug"}}), {});
    FAIL() << "build_type";
  } catch (const track_error& why) {
    EXPECT_EQ(why.exit_code(), exit_incomparable);
  }
}

TEST(compare_files, lists_the_rows_that_one_side_has_alone) {
  const std::string added = "fetch/strategy:new/workers:20/latency_ms:20/page_kb:3/days:100";
  auto more = made_up_rows(50);
  for (const auto& row : made_up_rows(50, 3, 1, added)) more.push_back(row);
  const auto forward = compare_files(side_of(made_up_rows(50)), side_of(more, '2'), {});
  EXPECT_THAT(forward.head_only, ElementsAre(added));
  EXPECT_THAT(forward.base_only, ElementsAre());
  EXPECT_THAT(compare_files(side_of(more), side_of(made_up_rows(50), '2'), {}).base_only, ElementsAre(added));
}

TEST(compare_files, has_no_figures_of_a_series_that_failed) {
  auto rows = made_up_rows(60);
  rows[3]["error_occurred"] = true;
  rows[3]["error_message"] = "the server was late";
  const auto made = compare_files(side_of(made_up_rows(50)), side_of(rows, '2'), {});
  ASSERT_EQ(made.findings.size(), 1u);
  EXPECT_EQ(made.findings[0].what, verdict::cannot_tell);
  EXPECT_EQ(made.findings[0].why, "failed in head: the server was late");
}

TEST(compare_files, tells_of_other_compilers_and_libraries) {
  const auto made = compare_files(side_of(made_up_rows(50)),
                                  side_of(made_up_rows(50), '2', {{"compiler", "Clang 19"}}), {});
  EXPECT_THAT(made.notes, testing::Contains("compiler: GNU 12.2.0 in base, Clang 19 in head"));
}

}  // namespace
}  // namespace farebench::track
