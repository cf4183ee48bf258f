#include "bench/track/history.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "bench/track/recordings.hpp"
#include "tests/bench/track/made_up_run.hpp"

namespace farebench::track {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

benchmark_case row_case(const std::string& strategy, std::size_t workers = 100) {
  return {.strategy = strategy, .workers = workers, .latency = 20ms, .page_kb = 3, .items = 100};
}

const std::string coroutines_row = row_case("coroutines").name();
const std::string floor_row = row_case("raw_epoll").name();
const metric& real_time = *find_metric("real_time");
const metric& cpu = *find_metric("cpu_us_per_request");
const metric& heap_peak = *find_metric("heap_peak_bytes");
const metric& allocation_count = *find_metric("allocations_per_request");
constexpr std::array spread{0.99, 0.995, 1.0, 1.0, 1.0, 1.0, 1.005, 1.01};

/// Returns a recording of its own commit and program, later than those before.
history_recording recording() {
  static int count = 0;
  const auto id = fmt::format("{:04}", ++count);
  return {.facts = {.id = id,
                    .commit = id,
                    .recorded = "2026-01-01T00:00:00." + id,
                    .program = "program " + id,
                    .canary = {10, 10},
                    .load = {0, 0}},
          .rows = {}};
}

void add_figure(history_recording& to, const benchmark_case& row, const metric& of,
                const std::vector<double>& values) {
  to.rows.try_emplace(row.name(), history_row{.parameters = row})
      .first->second.figures.emplace(of.name, *summarize(values, of));
}

std::vector<double> times(double middle) {
  std::vector<double> values;
  for (const double factor : spread) values.push_back(factor * middle);
  return values;
}

/// Recordings with these times of coroutines; the floor takes 100 ms in each.
std::vector<history_recording> recordings_of(const std::vector<double>& middles,
                                             const std::string& program = {}) {
  std::vector<history_recording> result;
  for (const double middle : middles) {
    auto& one = result.emplace_back(recording());
    if (!program.empty()) one.facts.program = program;
    add_figure(one, row_case("coroutines"), real_time, times(middle));
    add_figure(one, row_case("raw_epoll"), real_time, times(100));
  }
  return result;
}

std::vector<history_recording> counted(const metric& of, const std::vector<double>& counts,
                                       const std::string& program = {}) {
  std::vector<history_recording> result;
  for (const double count : counts) {
    auto& one = result.emplace_back(recording());
    if (!program.empty()) one.facts.program = program;
    add_figure(one, row_case("coroutines"), of, {count});
    add_figure(one, row_case("raw_epoll"), of, {1000});
  }
  return result;
}

std::vector<history_recording> joined(std::vector<history_recording> first,
                                      const std::vector<history_recording>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

history_series series_of(const std::vector<history_recording>& recordings, const metric& of = real_time,
                         const std::string& row = coroutines_row,
                         std::span<const accepted_regression> accepted = {}) {
  return make_series(recordings, row, of, default_reference(recordings, row, of), accepted);
}

/// "3 worse", "6 better", "3 worse?".
std::vector<std::string> changes_in(const std::vector<history_recording>& recordings,
                                    const metric& of = real_time) {
  std::vector<std::string> changes;
  for (const auto& change : series_of(recordings, of).changes)
    changes.push_back(fmt::format("{} {}{}", change.at, change.is_worse ? "worse" : "better",
                                  change.is_confirmed ? "" : "?"));
  return changes;
}

std::vector<double> ratios_of(const history_series& series) {
  std::vector<double> ratios;
  for (const auto& point : series.points) ratios.push_back(std::round(point.ratio * 1e6) / 1e6);
  return ratios;
}

std::vector<std::string> ids_of(const std::vector<history_recording>& recordings) {
  std::vector<std::string> ids;
  for (const auto& one : recordings) ids.push_back(one.facts.id);
  return ids;
}

TEST(figure, has_the_interval_of_its_median) {
  std::vector<double> values;
  for (int i = 1; i <= 12; ++i) values.push_back(i);
  // Of 12 tosses, at most one head has a probability of 13/4096, at most two 79/4096.
  const auto result = *summarize(values, real_time);
  EXPECT_EQ(result.low, 2);
  EXPECT_EQ(result.median, 6.5);
  EXPECT_EQ(result.high, 11);
  EXPECT_TRUE(result.has_confidence);
  EXPECT_FALSE(summarize({}, real_time));
}

TEST(figure, of_few_repetitions_has_the_range) {
  const auto result = *summarize({3, 1, 2}, real_time);
  EXPECT_EQ(result.low, 1);
  EXPECT_EQ(result.median, 2);
  EXPECT_EQ(result.high, 3);
  EXPECT_FALSE(result.has_confidence);
  EXPECT_TRUE(summarize(std::vector<double>(7, 1), real_time)->has_confidence);
  EXPECT_FALSE(summarize(std::vector<double>(6, 1), real_time)->has_confidence);
}

TEST(figure, of_many_repetitions_is_narrow) {
  std::vector<double> values;
  for (int i = 0; i < 5000; ++i) values.push_back(i);
  const auto result = *summarize(values, real_time);
  EXPECT_GT(result.low, 2400);
  EXPECT_LT(result.high, 2600);
}

TEST(figure, of_a_counted_metric_is_the_first_value) {
  const auto result = *summarize({5, 5, 5}, heap_peak);
  EXPECT_EQ(result.median, 5);
  EXPECT_TRUE(result.has_confidence);
  EXPECT_THAT(result.samples, IsEmpty());
}

history_recording of_commit(const std::string& commit, const std::vector<std::string>& parents = {},
                            bool is_dirty = false) {
  auto result = recording();
  result.facts.commit = commit;
  result.facts.parents = parents;
  result.facts.is_dirty = is_dirty;
  return result;
}

TEST(commit_order, follows_parents_and_joins_commits) {
  const std::vector all{of_commit("c", {"b"}), of_commit("a"), of_commit("b", {"a"}, true),
                        of_commit("d", {"elsewhere"}), of_commit("b", {"a"})};
  EXPECT_EQ(ids_of(commit_order(all)), ids_of({all[1], all[4], all[2], all[0], all[3]}));
}

TEST(commit_order, without_parents_follows_dates) {
  auto late = of_commit("x");
  auto early = of_commit("y");
  late.facts.commit_date = "2026-02-01T00:00:00Z";
  early.facts.commit_date = "2025-02-01T00:00:00Z";
  EXPECT_EQ(ids_of(commit_order({late, early})), ids_of({early, late}));
  const auto first = recording();
  const auto second = recording();
  EXPECT_EQ(ids_of(commit_order({second, first})), ids_of({first, second}));
}

TEST(commit_order, of_circular_parents_keeps_all) {
  EXPECT_EQ(commit_order({of_commit("a", {"b"}), of_commit("b", {"a"})}).size(), 2u);
}

TEST(reference, is_the_floor_with_the_nearest_workers) {
  auto one = recording();
  for (const auto& row :
       {row_case("coroutines"), row_case("raw_epoll", 20), row_case("raw_epoll"), row_case("sequential", 1)})
    add_figure(one, row, real_time, {1});
  EXPECT_EQ(default_reference({&one, 1}, coroutines_row, real_time), floor_row);
  EXPECT_EQ(default_reference({&one, 1}, row_case("sequential", 1).name(), real_time),
            row_case("raw_epoll", 20).name());
}

TEST(reference, without_a_floor_is_the_first_row) {
  auto one = recording();
  add_figure(one, row_case("coroutines"), real_time, {1});
  EXPECT_EQ(default_reference({&one, 1}, coroutines_row, real_time), "");
  add_figure(one, row_case("sequential", 1), real_time, {1});
  EXPECT_EQ(default_reference({&one, 1}, coroutines_row, real_time), row_case("sequential", 1).name());
}

TEST(reference, of_the_floor_is_the_canary) {
  auto one = recording();
  add_figure(one, row_case("coroutines"), heap_peak, {5});
  add_figure(one, row_case("coroutines"), real_time, {30});
  add_figure(one, row_case("raw_epoll"), heap_peak, {0});
  add_figure(one, row_case("raw_epoll"), real_time, {20});
  EXPECT_EQ(default_reference({&one, 1}, floor_row, real_time), canary_reference);
  EXPECT_EQ(series_of({one}, real_time, floor_row).points[0].ratio, 2);
  EXPECT_EQ(default_reference({&one, 1}, floor_row, heap_peak), coroutines_row);
  EXPECT_EQ(default_reference({&one, 1}, coroutines_row, heap_peak), "") << "the floor has no heap";
}

TEST(reference, of_the_floors_waiting_time_is_the_ideal) {
  auto one = recording();
  one.facts.canary = {10, 30};
  add_figure(one, row_case("raw_epoll"), real_time, {44});
  add_figure(one, row_case("raw_epoll"), cpu, {35});
  one.rows.at(floor_row).ideal_ms = 40;
  EXPECT_EQ(default_reference({&one, 1}, floor_row, real_time), ideal_reference);
  EXPECT_DOUBLE_EQ(series_of({one}, real_time, floor_row).points[0].ratio, 1.1);
  EXPECT_EQ(default_reference({&one, 1}, floor_row, cpu), canary_reference);
  EXPECT_DOUBLE_EQ(series_of({one}, cpu, floor_row).points[0].reference, 20'000);
}

TEST(references, are_rows_of_one_point_ideal_and_canary) {
  auto one = recording();
  for (const auto& row :
       {row_case("coroutines"), row_case("fibers"), row_case("fibers", 20), row_case("raw_epoll")}) {
    add_figure(one, row, real_time, {1});
    add_figure(one, row, heap_peak, {1});
  }
  one.rows.at(coroutines_row).ideal_ms = 40;
  EXPECT_THAT(references_of({&one, 1}, coroutines_row, real_time),
              ElementsAre(floor_row, "ideal", "canary", row_case("fibers").name()));
  EXPECT_THAT(references_of({&one, 1}, coroutines_row, heap_peak),
              ElementsAre(floor_row, row_case("fibers").name()));
}

TEST(series, of_a_slower_machine_keeps_its_ratio) {
  std::vector<history_recording> recordings;
  for (const double speed : {1.0, 1.5, 0.7}) {
    auto& one = recordings.emplace_back(recording());
    add_figure(one, row_case("coroutines"), real_time, times(120 * speed));
    add_figure(one, row_case("raw_epoll"), real_time, times(100 * speed));
  }
  const auto series = series_of(recordings);
  EXPECT_THAT(ratios_of(series), ElementsAre(1.2, 1.2, 1.2));
  EXPECT_THAT(series.changes, IsEmpty());
}

TEST(series, has_the_outer_ends_of_both_intervals) {
  const auto point = series_of(recordings_of({120})).points.at(0);
  EXPECT_NEAR(point.low, 1.2 * 0.99 / 1.01, 1e-9);
  EXPECT_NEAR(point.high, 1.2 * 1.01 / 0.99, 1e-9);
  EXPECT_EQ(point.figure, 120);
  EXPECT_EQ(point.reference, 100);
}

TEST(noisy_change, starts_a_level) {
  EXPECT_THAT(changes_in(recordings_of({100, 101, 100, 115, 114, 115, 99, 100})),
              ElementsAre("3 worse", "6 better"));
}

TEST(noisy_change, of_one_stray_recording_is_none) {
  EXPECT_THAT(changes_in(recordings_of({100, 100, 130, 100, 100})), IsEmpty());
  EXPECT_THAT(changes_in(recordings_of({100, 100, 100, 130})), ElementsAre("3 worse?"));
}

TEST(noisy_change, is_found_in_slow_growth) {
  std::vector<double> growing;
  for (int i = 0; i < 20; ++i) growing.push_back(100 * std::pow(1.01, i));
  EXPECT_GE(changes_in(recordings_of(growing)).size(), 1u);
}

TEST(noisy_change, needs_enough_repetitions) {
  std::vector<history_recording> recordings;
  for (const double middle : {100.0, 100.0, 106.0, 106.0}) {
    auto& one = recordings.emplace_back(recording());
    add_figure(one, row_case("coroutines"), real_time, {0.9 * middle, middle, 1.1 * middle});
    add_figure(one, row_case("raw_epoll"), real_time, times(100));
  }
  EXPECT_THAT(changes_in(recordings), IsEmpty());
}

TEST(noisy_change, within_a_wide_band_is_none) {
  EXPECT_THAT(changes_in(recordings_of({100, 100, 108, 108})), ElementsAre("2 worse"));
  EXPECT_THAT(changes_in(joined(recordings_of({100, 110, 100}, "restless"), recordings_of({108, 108}))),
              IsEmpty());
}

TEST(noisy_change, of_an_unchanged_program_is_marked) {
  auto values = std::vector<double>(12, 100);
  values.insert(values.end(), {130, 130});
  const auto changes = series_of(recordings_of(values, "same")).changes;
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].at, 12u);
  EXPECT_TRUE(changes[0].is_same_program);
  EXPECT_THAT(
      change_text(changes[0], real_time),
      "worse: +30 % (confirmed by the next recording); the program is unchanged: caused by the machine "
      "or the bench");
}

TEST(band, is_the_difference_of_repeated_recordings) {
  const auto series = series_of(recordings_of({100, 108, 100, 109, 100}, "same"));
  EXPECT_EQ(series.band.source, history_band::source_of::recordings);
  EXPECT_EQ(series.band.count, 4u);
  EXPECT_NEAR(series.band.size, 0.09, 1e-9);
  EXPECT_EQ(band_text(series),
            "Band ±9.0 %: difference of 4 repeated recordings of one program, at least 2.0 %.");
  EXPECT_EQ(series_of(recordings_of({100, 100}, "same")).band.size, 0.02);
}

TEST(band, without_repeated_recordings_is_the_interval) {
  const auto series = series_of(recordings_of({100, 100}));
  EXPECT_EQ(series.band.source, history_band::source_of::repetitions);
  EXPECT_THAT(band_text(series), HasSubstr("No program was recorded twice."));
}

TEST(exact_change, is_above_the_limit) {
  EXPECT_THAT(changes_in(counted(heap_peak, {100'000, 101'000, 101'001}), heap_peak), ElementsAre("2 worse"));
  EXPECT_THAT(changes_in(counted(heap_peak, {1000, 1064, 1065}), heap_peak), ElementsAre("2 worse"));
  EXPECT_THAT(changes_in(counted(heap_peak, {100'000, 90'000}), heap_peak), ElementsAre("1 better"));
  EXPECT_THAT(changes_in(counted(allocation_count, {50, 50.5, 50.51}), allocation_count),
              ElementsAre("2 worse"));
}

TEST(exact_change, is_counted_from_the_levels_first) {
  EXPECT_THAT(changes_in(counted(heap_peak, {100'000, 100'600, 101'200}), heap_peak), ElementsAre("2 worse"));
}

TEST(exact_change, exceeds_the_variation_of_one_program) {
  const auto same = counted(heap_peak, {100'000, 103'000}, "same");
  EXPECT_THAT(changes_in(joined(same, counted(heap_peak, {102'000})), heap_peak), IsEmpty());
  EXPECT_THAT(changes_in(joined(same, counted(heap_peak, {104'000})), heap_peak), ElementsAre("2 worse"));
}

TEST(exact_change, ignores_the_reference) {
  std::vector<history_recording> recordings;
  for (const double below : {1000.0, 2000.0}) {
    auto& one = recordings.emplace_back(recording());
    add_figure(one, row_case("coroutines"), heap_peak, {5000});
    add_figure(one, row_case("raw_epoll"), heap_peak, {below});
  }
  const auto series = series_of(recordings, heap_peak);
  EXPECT_THAT(ratios_of(series), ElementsAre(5, 2.5));
  EXPECT_THAT(series.changes, IsEmpty());
}

TEST(exact_change, from_zero_has_no_percentage) {
  const history_change change{.at = 1,
                              .factor = std::numeric_limits<double>::infinity(),
                              .is_worse = true,
                              .is_confirmed = true,
                              .is_same_program = false};
  EXPECT_EQ(change_text(change, heap_peak), "worse: from zero (counted)");
}

TEST(levels, have_the_median_of_their_ratios) {
  const auto series = series_of(recordings_of({100, 100, 120, 121, 122}));
  ASSERT_EQ(series.levels.size(), 2u);
  EXPECT_EQ(series.levels[0].first, 0u);
  EXPECT_EQ(series.levels[0].last, 1u);
  EXPECT_NEAR(series.levels[0].ratio, 1, 1e-9);
  EXPECT_EQ(series.levels[1].first, 2u);
  EXPECT_EQ(series.levels[1].last, 4u);
  EXPECT_NEAR(series.levels[1].ratio, 1.21, 1e-9);
}

TEST(series, has_gaps_for_failed_and_absent_rows) {
  auto recordings = recordings_of({100, 100, 100, 100});
  recordings[1].rows.at(coroutines_row) = {.parameters = row_case("coroutines"), .failure = "late"};
  recordings[2].rows.erase(coroutines_row);
  recordings[3].rows.at(floor_row) = {.parameters = row_case("raw_epoll"), .failure = "late"};
  const auto series = series_of(recordings);
  ASSERT_EQ(series.points.size(), 1u);
  EXPECT_EQ(series.points[0].at, 0u);
  ASSERT_EQ(series.failed.size(), 1u);
  EXPECT_EQ(series.failed[0].at, 1u);
  EXPECT_EQ(series.failed[0].reason, "late");
}

TEST(series, marks_accepted_regressions_at_their_commit) {
  const auto recordings = recordings_of({100, 120, 120});
  const accepted_regression entry{
      .series = coroutines_row, .metric = "real_time", .commit = recordings[1].facts.commit, .reason = "why"};
  auto other_row = entry;
  other_row.series = floor_row;
  auto other_metric = entry;
  other_metric.metric = "heap_peak_bytes";
  auto other_commit = entry;
  other_commit.commit = "unknown";
  const std::vector accepted{entry, other_row, other_metric, other_commit};
  const auto series = series_of(recordings, real_time, coroutines_row, accepted);
  ASSERT_EQ(series.accepted.size(), 2u);
  EXPECT_EQ(series.accepted[0].at, 1u);
  EXPECT_EQ(series.accepted[1].at, std::nullopt);
}

TEST(series, without_figures_is_empty) {
  auto one = recording();
  add_figure(one, row_case("raw_epoll"), real_time, {1});
  for (const auto& recordings : {std::vector<history_recording>{}, std::vector{one}}) {
    const auto series = series_of(recordings, cpu);
    EXPECT_THAT(series.points, IsEmpty());
    EXPECT_THAT(series.levels, IsEmpty());
    EXPECT_THAT(series.changes, IsEmpty());
  }
}

/// A recording of a commit of a day: coroutines with this time and the floor with 40 ms.
recorded_run run_of(char commit, int day, double time_ms, const char* machine = "machine") {
  auto context = made_up_context();
  context["commit"] = std::string(40, commit);
  context["program_sha256"] = std::string(64, commit);
  context["date"] = fmt::format("2026-11-{:02}T00:00:00+01:00", day);
  context["machine"] = machine;
  auto rows = made_up_rows(time_ms, 12);
  auto floor = row_case("raw_epoll", 20);
  floor.engine = engine_kind::cpp_httplib;
  for (const auto& row : made_up_rows(40, 12, 100'000, floor.name())) rows.push_back(row);
  return made_up_run(context, rows);
}

TEST(history, groups_machines_with_the_latest_first) {
  const auto groups = make_history({run_of('a', 1, 50), run_of('b', 5, 50, "new"), run_of('c', 3, 50)}, {});
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].id, "new-light");
  EXPECT_THAT(groups[1].title, HasSubstr("machine: workload light, engine cpp-httplib, latency 20ms"));
  EXPECT_EQ(groups[1].recordings.size(), 2u);
  EXPECT_EQ(groups[1].rows.size(), 2u);
}

TEST(history, in_text_lists_changes_by_commit) {
  const std::vector runs{run_of('a', 1, 50), run_of('b', 2, 50), run_of('c', 3, 70), run_of('d', 4, 70)};
  const accepted_regression accepted{.series = made_up_series,
                                     .metric = "real_time",
                                     .commit = std::string(40, 'c'),
                                     .reason = "on purpose"};
  const auto text = history_table(make_history(runs, {&accepted, 1}));
  EXPECT_THAT(text, HasSubstr("4 recordings of 4 commits"));
  EXPECT_THAT(text, HasSubstr("ccccccc  coroutines 20  time"));
  EXPECT_THAT(text, HasSubstr("worse: +40 % (confirmed by the next recording); accepted: on purpose"));
  EXPECT_THAT(history_table(make_history({runs[0], runs[1]}, {})),
              HasSubstr("2 recordings of 2 commits: no change"));
}

TEST(history, in_text_lists_failed_rows_escaped) {
  auto rows = made_up_rows(50, 8);
  for (auto& row : rows) {
    row["error_occurred"] = true;
    row["error_message"] = "wrong\n\x1b[31mfares\u202E";
  }
  auto context = made_up_context();
  context["machine"] = "some\x1b[0m";
  const auto text = history_table(make_history({made_up_run(context, rows)}, {}));
  EXPECT_THAT(text, HasSubstr("aaaaaaa  coroutines 20  –"));
  EXPECT_THAT(text, HasSubstr("failed: wrong\\x0a\\x1b[31mfares\\u{202e}"));
  EXPECT_THAT(text, HasSubstr("some\\x1b[0m"));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(history, as_json_has_series_of_all_rows_and_metrics) {
  const auto result = history_json(make_history({run_of('a', 1, 50), run_of('b', 2, 50)}, {}));
  ASSERT_EQ(result["metrics"].size(), 5u);
  EXPECT_EQ(result["metrics"][0]["unit"], "ms");
  const auto& group = result["groups"][0];
  EXPECT_EQ(group["rows"][0]["point"], "latency:20ms/page_kb:3");
  EXPECT_EQ(group["recordings"][0]["recorded"], "2026-10-31T23:00:00Z");
  const auto& series = group["series"][0];
  EXPECT_EQ(series["metric"], "real_time");
  EXPECT_EQ(series["reference"]["title"], "raw_epoll 20");
  EXPECT_EQ(series["is_default"], true);
  EXPECT_EQ(series["points"].size(), 2u);
  EXPECT_EQ(series["points"][0]["samples"].size(), 12u);
}

}  // namespace
}  // namespace farebench::track
