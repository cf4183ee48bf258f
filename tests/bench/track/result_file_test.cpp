#include "bench/track/result_file.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "bench/columns.hpp"
#include "bench/track/error.hpp"
#include "bench/track/recordings.hpp"
#include "bench/track/strict_json.hpp"
#include "tests/bench/track/made_up_run.hpp"

namespace farebench::track {
namespace {

using namespace std::chrono_literals;
using nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(case_name, has_all_parameters) {
  const auto parsed = parse_case_name(
      "fetch/strategy:coroutines/workers:100/latency_ms:145/page_kb:94/days:50/iterations:1/manual_time");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->strategy, "coroutines");
  EXPECT_EQ(parsed->loops, 1u);
  EXPECT_EQ(parsed->workers, 100u);
  EXPECT_EQ(parsed->latency, latency_model{145ms});
  EXPECT_EQ(parsed->page_kb, 94u);
  EXPECT_EQ(parsed->items, 50u);
  EXPECT_EQ(parsed->engine, engine_kind::cpp_httplib);
  EXPECT_EQ(point_id(*parsed), "latency:145ms/page_kb:94");
  EXPECT_EQ(point_title(*parsed), "145 ms per response, 94 KiB pages");
}

TEST(case_name, has_loops_engine_and_random_latencies) {
  const auto lognormal = parse_case_name(
      "fetch/strategy:fibers/loops:2/workers:10/latency_ms:lognormal_20_p99_80/seed:7/page_kb:3/days:50/"
      "engine:beast");
  ASSERT_TRUE(lognormal);
  EXPECT_EQ(lognormal->label(), "fibers, 2 loops");
  EXPECT_EQ(lognormal->latency, latency_model::lognormal(20ms, 80ms));
  EXPECT_EQ(lognormal->seed, 7u);
  EXPECT_EQ(point_id(*lognormal), "latency:lognormal:20ms,p99=80ms/page_kb:3/seed:7/engine:beast");
  EXPECT_EQ(point_title(*lognormal),
            "20 ms per response, log-normal, 99th percentile 80 ms, seed 7, 3 KiB pages, engine beast");
  const auto uniform = parse_case_name(
      "fetch/strategy:fibers/workers:10/latency_ms:uniform_0.5-30/seed:0/page_kb:3/days:50/engine:beast");
  ASSERT_TRUE(uniform);
  EXPECT_EQ(uniform->latency, latency_model::uniform(500us, 30ms));
}

TEST(case_name, has_transport) {
  const auto native = parse_case_name(
      "fetch/strategy:coroutines/transport:native/loops:2/workers:10/latency_ms:20/page_kb:3/days:50/"
      "engine:beast");
  ASSERT_TRUE(native);
  EXPECT_EQ(native->strategy, "coroutines/native");
  EXPECT_EQ(native->label(), "coroutines/native, 2 loops");
  EXPECT_FALSE(parse_case_name("fetch/strategy:x/transport:y/workers:1/latency_ms:0/page_kb:3/days:1"));
}

TEST(case_name, keeps_any_strategy_name) {
  for (const std::string name : {"<script>", "a/b:c", "line\u2028separator", "new\nline", "\"quoted\""}) {
    const auto parsed =
        parse_case_name("fetch/strategy:" + name + "/workers:1/latency_ms:0/page_kb:3/days:1");
    ASSERT_TRUE(parsed) << name;
    EXPECT_EQ(parsed->strategy, name);
  }
}

TEST(case_name, of_another_benchmark_is_refused) {
  for (const auto* name :
       {"BM_StringCopy/8", "fetch/strategy:x", "", "fetch/strategy:x/workers:0/latency_ms:1/page_kb:3/days:1",
        "fetch/strategy:x/workers:1/latency_ms:1/days:1", "fetch/strategy:x/workers:1/latency_ms:1/page_kb:3",
        "fetch/strategy:x/workers:1/latency_ms:1/page_kb:3/days:1/days:1",
        "fetch/strategy:x/workers:1/latency_ms:soon/page_kb:3/days:1",
        "fetch/strategy:x/workers:1/latency_ms:1/page_kb:3/days:1/engine:other",
        "fetch/strategy:x/workers:01/latency_ms:1/page_kb:3/days:1"})
    EXPECT_FALSE(parse_case_name(name)) << name;
}

ordered_json whole_of(const ordered_json& rows, const ordered_json& context = {{"workload", "light"}}) {
  return {{"context", context}, {"benchmarks", rows}};
}

std::string error_about(const ordered_json& whole) {
  try {
    read_result(whole, "run.json");
  } catch (const track_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("run.json"));
    return error.what();
  }
  return {};
}

std::string error_with(const char* member, const ordered_json& value) {
  auto rows = made_up_rows(50, 4);
  rows[3][member] = value;
  return error_about(whole_of(rows));
}

TEST(result_file, has_cases_in_display_order) {
  auto rows = ordered_json::array();
  for (const std::string strategy : {"zebra", "python_sync", "raw_epoll", "fibers/transport:native",
                                     "coroutines", "sequential", "aardvark"})
    rows.push_back(
        made_up_row(0, 5, 1, "fetch/strategy:" + strategy + "/workers:1/latency_ms:1/page_kb:3/days:1"));
  const auto file = read_result(whole_of(rows), "run.json");
  std::vector<std::string> names;
  for (const auto& result : file.cases) names.push_back(result.parameters.strategy);
  EXPECT_THAT(names, ElementsAre("sequential", "coroutines", "fibers/native", "raw_epoll", "aardvark",
                                 "python_sync", "zebra"));
  ASSERT_EQ(file.strategies.size(), 7u);
  EXPECT_EQ(file.strategies[1]["family"], "coroutines");
  EXPECT_EQ(file.strategies[2]["label"], "fibers (native)");
  EXPECT_EQ(file.strategies[6]["family"], "other");
}

TEST(result_file, sorts_repetitions_and_skips_aggregates) {
  auto rows = ordered_json::array({made_up_row(2, 7), made_up_row(0, 5), made_up_row(1, 6)});
  rows.push_back({{"name", "mean"}, {"run_type", "aggregate"}});
  const auto file = read_result(whole_of(rows), "run.json");
  ASSERT_EQ(file.cases.size(), 1u);
  EXPECT_THAT(values_if_passed(file.cases[0], "real_time"), ElementsAre(5, 6, 7));
  EXPECT_THAT(file.repetition_indices[0], ElementsAre(0, 1, 2));
}

TEST(result_file, converts_units_of_time) {
  for (const auto& [unit, factor] : {std::pair{"s", 1e-3}, {"ms", 1.0}, {"us", 1e3}, {"ns", 1e6}}) {
    auto rows = made_up_rows(2 * factor, 1);
    rows[0]["time_unit"] = unit;
    EXPECT_NEAR(*read_result(whole_of(rows), "run.json").cases[0].repetitions[0].real_time_ms, 2, 1e-9);
  }
}

TEST(result_file, of_a_failed_row_needs_no_figures) {
  const ordered_json row{{"name", made_up_series},
                         {"run_type", "iteration"},
                         {"error_occurred", true},
                         {"error_message", "reason"},
                         {"time_unit", "ms"}};
  const auto file = read_result(whole_of(ordered_json::array({row})), "run.json");
  EXPECT_EQ(first_failure(file.cases[0]), "reason");
  EXPECT_TRUE(values_if_passed(file.cases[0], "real_time").empty());
}

TEST(result_file, without_schema_has_kinds_of_its_workload) {
  const std::string name =
      "fetch/strategy:fibers/workers:100/latency_ms:1000/page_kb:3/days:100/engine:beast";
  const auto kind_in = [&](const char* workload) {
    return read_result(
               whole_of(ordered_json::array({made_up_row(0, 2000, 1, name)}), {{"workload", workload}}),
               "run.json")
        .cases[0]
        .parameters.kind;
  };
  EXPECT_EQ(kind_in("scale"), point_kind::hold);
  EXPECT_EQ(kind_in("light"), point_kind::plain);
}

TEST(result_file, with_schema_has_its_columns_and_fields) {
  auto schema = schema_json({});
  schema["columns"].push_back(
      {{"name", "new_bytes"}, {"unit", "bytes"}, {"better", "lower"}, {"meaning", "a new column"}});
  schema["strategies"].push_back({{"name", "hyper"},
                                  {"label", "hyper"},
                                  {"family", "coroutines"},
                                  {"language", "Rust"},
                                  {"transport", "hyper"},
                                  {"control_flow", "tasks"},
                                  {"code_changes", "everything"}});
  const benchmark_case parameters{.strategy = "hyper",
                                  .workers = 100,
                                  .latency = 50ms,
                                  .page_kb = 3,
                                  .items = 100,
                                  .kind = point_kind::burst};
  auto row = made_up_row(0, 120, 1, parameters.name());
  row.update(parameters_json(parameters));
  row["new_bytes"] = 7;
  auto whole = whole_of(ordered_json::array({row}));
  whole["schema"] = schema;
  const auto file = read_result(whole, "run.json");
  EXPECT_EQ(file.cases[0].parameters.kind, point_kind::burst);
  EXPECT_EQ(file.cases[0].repetitions[0].columns.at("new_bytes"), 7);
  EXPECT_EQ(file.strategies[0]["language"], "Rust");

  whole["benchmarks"][0]["workers"] = 50;
  EXPECT_THAT(error_about(whole), HasSubstr("row 1"));
  whole["benchmarks"][0].erase("workers");
  EXPECT_THAT(error_about(whole), HasSubstr("workers"));
  whole["schema"]["version"] = 2;
  EXPECT_THAT(error_about(whole), HasSubstr("schema version 2 is unknown"));
  whole["schema"]["version"] = 1;
  whole["schema"]["columns"][2].erase("unit");
  EXPECT_THAT(error_about(whole), HasSubstr("columns 3 of the schema has no 'unit'"));
}

TEST(result_file, names_place_and_value_of_an_error) {
  EXPECT_THAT(error_about({{"name", "x"}}), HasSubstr("it has no context and benchmarks"));
  EXPECT_THAT(error_about(whole_of(made_up_rows(50, 1), {{"workload", 5}})),
              HasSubstr("context: 'workload' is not a text: 5"));
  EXPECT_THAT(error_about(whole_of(ordered_json::object())), HasSubstr("'benchmarks' is not a list: {}"));
  EXPECT_THAT(error_about(whole_of(ordered_json::array())), HasSubstr("has no rows"));
  EXPECT_THAT(error_about(whole_of({{{"run_type", "aggregate"}}})), HasSubstr("has aggregates only"));
  EXPECT_THAT(error_about(whole_of({5})), HasSubstr("row 1 is not an object: 5"));
  EXPECT_THAT(error_with("name", "BM_copy/8"), HasSubstr("row 4: 'BM_copy/8' is not the name of a row"));
  EXPECT_THAT(error_with("real_time", "12"), HasSubstr("row 4: 'real_time' is not a number: \"12\""));
  EXPECT_THAT(error_with("real_time", -1), HasSubstr("row 4: 'real_time' is not at least 1e-09: -1"));
  EXPECT_THAT(error_with("time_unit", "fortnights"), HasSubstr("not one of s, ms, us, ns: 'fortnights'"));
  EXPECT_THAT(error_with("rss_peak_bytes", nullptr), HasSubstr("'rss_peak_bytes' is not a number: null"));
  EXPECT_THAT(error_with("repetition_index", 1.5), HasSubstr("whole number of at least 0: 1.5"));
  EXPECT_THAT(error_with("run_type", "guess"), HasSubstr("neither iteration nor aggregate: 'guess'"));
  EXPECT_THAT(error_with("error_occurred", "yes"), HasSubstr("neither true nor false: \"yes\""));
}

TEST(result_file, histogram_is_optional_and_strict) {
  auto rows = made_up_rows(50, 2);
  rows[0]["item_histogram"] = {{7, 1}, {506, 2}};
  // As in a file, where whole numbers have no sign.
  const auto file = read_result(ordered_json::parse(whole_of(rows).dump()), "run.json");
  const auto& repetitions = file.cases[0].repetitions;
  EXPECT_EQ(repetitions[0].item_histogram, (time_histogram{std::vector<std::uint32_t>{7, 1000, 1001}}));
  EXPECT_FALSE(repetitions[1].item_histogram);
  EXPECT_THAT(error_with("item_histogram", "a"),
              HasSubstr("row 4: \"item_histogram\" is not a list of pairs"));
  EXPECT_THAT(error_with("item_histogram", {{7U, 0U}}),
              HasSubstr("row 4: \"item_histogram\": pair 1 has the count 0"));
}

TEST(result_file, figure_out_of_range_is_refused) {
  for (const char* positive : {"real_time", "cpu_us_per_request", "rss_peak_bytes"}) {
    for (const double value : {0.0, -0.0, -1.0, 1e-300})
      EXPECT_THAT(error_with(positive, value),
                  HasSubstr(fmt::format("row 4: '{}' is not at least 1e-09: ", positive)));
    EXPECT_THAT(error_with(positive, 1e300), HasSubstr("is not at most 9007199254740992: 1e+300"));
  }
  for (const char* zero : {"rss_growth_bytes", "heap_peak_bytes", "allocations_per_request", "errors"}) {
    EXPECT_EQ(error_with(zero, 0.0), "");
    for (const double value : {-1.0, 1e-300})
      EXPECT_THAT(error_with(zero, value), HasSubstr("is not zero or at least 1e-09: "));
    EXPECT_THAT(error_with(zero, std::uint64_t{1} << 60),
                HasSubstr("is not at most 9007199254740992: 1152921504606846976"));
  }
}

TEST(result_file, figures_of_a_failed_row_may_be_zero) {
  auto rows = made_up_rows(0, 1);
  rows[0]["error_occurred"] = true;
  rows[0]["cpu_us_per_request"] = 0.0;
  EXPECT_EQ(error_about(whole_of(rows)), "");
}

TEST(result_file, repeated_repetition_is_refused) {
  auto rows = made_up_rows(50, 3);
  rows.push_back(rows[1]);
  EXPECT_THAT(error_about(whole_of(rows)), HasSubstr("row 4: repetition 1 of 'fetch/strategy:coroutines"));
  for (auto& row : rows) row.erase("repetition_index");
  EXPECT_EQ(error_about(whole_of(rows)), "") << "older files have no index";
}

/// A result of one case and its timeline in a folder.
class timeline_file_of_result : public testing::Test {
 protected:
  timeline_file_of_result() {
    std::filesystem::create_directories(folder_);
    curves_ = {{"timeline", 1}, {"sample_every_ms", 2}, {"curves", ordered_json::array()}};
    for (int i = 0; i < 2; ++i)
      curves_["curves"].push_back({{"name", made_up_series},
                                   {"repetition", i},
                                   {"phases_ms", {{"go", 0.0}}},
                                   {"points", {{0.0, 100}, {5.0, 120}}}});
  }
  ~timeline_file_of_result() override { std::filesystem::remove_all(folder_); }

  timeline read() const {
    std::ofstream{path_} << curves_.dump();
    return read_timeline(path_, read_result(whole_of(made_up_rows(50, 2)), "run.json"));
  }
  std::string error_with(const char* member, const ordered_json& value) {
    curves_["curves"][1][member] = value;
    try {
      read();
    } catch (const track_error& error) {
      EXPECT_THAT(error.what(), HasSubstr("run.timeline.json: curve 2"));
      return error.what();
    }
    return {};
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / fmt::format("farebench-timeline-test-{}", ::getpid());
  std::filesystem::path path_ = timeline_path(folder_ / "run.json");
  ordered_json curves_;
};

TEST_F(timeline_file_of_result, has_curves) {
  const auto result = read();
  EXPECT_EQ(result.sample_every_ms, 2);
  ASSERT_EQ(result.curves.size(), 2u);
  EXPECT_EQ(result.curves[1].repetition, 1u);
  EXPECT_EQ(result.curves[1].points[1][1], 120);
}

TEST_F(timeline_file_of_result, names_place_of_an_error) {
  EXPECT_THAT(error_with("name", "other"), HasSubstr("'other' is no case of the result"));
  EXPECT_THAT(error_with("name", made_up_series), "");
  EXPECT_THAT(error_with("phases_ms", nullptr), HasSubstr("'phases_ms' is not an object: null"));
  EXPECT_THAT(error_with("phases_ms", {{"go", "now"}}), HasSubstr("'go' is not a number: \"now\""));
  EXPECT_THAT(error_with("phases_ms", ordered_json::object()), "");
  EXPECT_THAT(error_with("points", {{0, 1}, {2}}), HasSubstr("point 2 is not a pair [ms, KiB]: [2]"));
  EXPECT_THAT(error_with("points", {{0, 1}, {2, "3"}}), HasSubstr("point 2 is not a pair"));
  EXPECT_THAT(error_with("points", {{5, 1}, {2, 3}}), HasSubstr("point 2 is earlier than the one before"));
  curves_["timeline"] = 2;
  EXPECT_THROW(read(), track_error);
}

TEST(results_folder, is_readable_as_a_whole) {
  const std::filesystem::path folder{FAREBENCH_SOURCE_DIR "/results"};
  std::size_t results = 0;
  std::size_t timelines = 0;
  std::size_t recordings = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{folder}) {
    const auto path = entry.path();
    if (path.extension() != ".json" || path.filename() == "accepted.json" ||
        path.string().ends_with(".timeline.json"))
      continue;
    SCOPED_TRACE(path);
    const auto whole = parse_strictly(read_input_file(path), path.string());
    if (is_recording(whole)) {
      EXPECT_FALSE(read_recording(whole, path.string()).result.cases.empty());
      ++recordings;
      continue;
    }
    const auto result = read_result(whole, path.string());
    ++results;
    if (!exists(timeline_path(path))) continue;
    EXPECT_FALSE(read_timeline(timeline_path(path), result).curves.empty());
    ++timelines;
  }
  EXPECT_GE(results, 3u);
  EXPECT_GE(timelines, 1u);
  EXPECT_GE(recordings, 6u);
}

}  // namespace
}  // namespace farebench::track
