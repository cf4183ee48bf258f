#include "bench/track/report.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bench/columns.hpp"
#include "bench/track/error.hpp"
#include "lib/system/child_process.hpp"
#include "lib/system/output_file.hpp"
#include "tests/bench/track/made_up_run.hpp"
#include "tests/support/run_command.hpp"

namespace farebench::track {
namespace {

using nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string case_name(const std::string& strategy, int workers = 100) {
  return fmt::format("fetch/strategy:{}/workers:{}/latency_ms:20/page_kb:3/days:100", strategy, workers);
}

/// A row with a time in ms, a peak in bytes, and further columns.
ordered_json result_row(const std::string& name, double time_ms, double peak,
                        const ordered_json& columns = {}) {
  auto row = made_up_row(0, time_ms, 100, name);
  row["rss_peak_bytes"] = peak;
  if (!columns.is_null()) row.update(columns);
  return row;
}

ordered_json result_of(const std::vector<ordered_json>& rows, const char* workload = "light") {
  return {{"context", {{"workload", workload}}}, {"benchmarks", rows}};
}

/// A folder for files of a report.
class report : public testing::Test {
 protected:
  report() { std::filesystem::create_directories(folder_); }
  ~report() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path put(const std::string& name, const std::string& text) const {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream{path} << text;
    return path;
  }
  std::filesystem::path put_json(const std::string& name, const ordered_json& whole) const {
    return put(name, whole.dump());
  }
  std::filesystem::path put_recording(const std::string& name, char commit, int day) const {
    auto context = made_up_context();
    context["commit"] = std::string(40, commit);
    context["date"] = fmt::format("2026-11-{:02}T00:00:00+00:00", day);
    return put(name, recorded_text(context, made_up_rows(50, 3)));
  }
  ordered_json json_of(const std::vector<std::filesystem::path>& paths) const {
    return report_json(read_report_input(paths), {});
  }
  /// The first dataset of a report of these rows.
  ordered_json dataset_of(const std::vector<ordered_json>& rows) const {
    return json_of({put_json("run.json", result_of(rows))})["datasets"][0];
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / fmt::format("farebench-report-test-{}", ::getpid());
};

std::vector<std::string> members_of(const ordered_json& list, const char* member) {
  std::vector<std::string> values;
  for (const auto& one : list) values.push_back(one[member]);
  return values;
}

TEST_F(report, percentiles_are_of_all_repetitions_together) {
  // Items of 1 ms, and of 100 ms.
  const ordered_json fast{{506, 100}};
  const ordered_json slow{{506, 91}, {1347, 9}};
  auto rows = made_up_rows(50, 3);
  for (auto& row : rows) {
    row["item_histogram"] = fast;
    row["scrape_p99_ms"] = 1.002;
  }
  rows[2]["item_histogram"] = slow;
  rows[2]["scrape_p99_ms"] = 100.096;
  const auto figure_of = [&](const char* name) {
    const auto json = json_of({put_json(name, {{"context", {{"workload", "light"}}}, {"benchmarks", rows}})});
    return json["datasets"][0]["cases"][0]["figures"]["scrape_p99_ms"];
  };
  EXPECT_EQ(figure_of("with.json"), (ordered_json{1.002, 100.096, 100.096}));
  // As in a file of an older bench.
  rows[0].erase("item_histogram");
  EXPECT_EQ(figure_of("without.json"), (ordered_json{1.002, 1.002, 100.096}));
}

TEST_F(report, has_minimum_median_and_maximum) {
  auto rows = std::vector{result_row(case_name("fibers"), 2, 30), result_row(case_name("fibers"), 1, 10),
                          result_row(case_name("fibers"), 9, 20)};
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i]["repetition_index"] = i;
  const auto one = dataset_of(rows)["cases"][0];
  EXPECT_EQ(one["repetitions"], 3);
  EXPECT_EQ(one["figures"]["real_time"], (ordered_json{1.0, 2.0, 9.0}));
  EXPECT_EQ(one["figures"]["rss_peak_bytes"], (ordered_json{10.0, 20.0, 30.0}));
}

TEST_F(report, derives_cpu_time_and_share) {
  const auto figures = dataset_of(
      {result_row(case_name("fibers"), 2000, 1,
                  {{"cpu_us_per_request", 500}, {"requests_per_second", 100}})})["cases"][0]["figures"];
  EXPECT_EQ(figures["cpu_s"][1], 0.1);
  EXPECT_EQ(figures["cpu_share"][1], 0.05);
}

TEST_F(report, derives_ratios_to_the_floor) {
  const auto cases =
      dataset_of({result_row(case_name("fibers"), 30, 1), result_row(case_name("raw_epoll"), 20, 1),
                  result_row(case_name("fibers", 20), 30, 1)})["cases"];
  EXPECT_EQ(cases[0]["name"], case_name("fibers", 20));
  EXPECT_FALSE(cases[0]["figures"].contains("time_over_floor"));
  EXPECT_EQ(cases[1]["figures"]["time_over_floor"][1], 1.5);
  EXPECT_EQ(cases[1]["figures"]["cpu_over_floor"][1], 1.5);
}

TEST_F(report, of_a_failed_case_has_the_reason_only) {
  auto rows = std::vector<ordered_json>(3, result_row(case_name("fibers"), 5, 1));
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i]["repetition_index"] = i;
  for (const int failed : {1, 2}) {
    rows[static_cast<std::size_t>(failed)]["error_occurred"] = true;
    rows[static_cast<std::size_t>(failed)]["error_message"] = failed == 1 ? "too late" : "other";
  }
  const auto dataset = dataset_of(rows);
  EXPECT_EQ(dataset["cases"][0]["failed"], (ordered_json{{"count", 2}, {"reason", "too late"}}));
  EXPECT_EQ(dataset["cases"][0]["figures"], ordered_json::object());
  EXPECT_EQ(dataset["answers"][0]["headline"], "No recommendation: every row failed (too late).");
}

TEST_F(report, marks_the_frontier) {
  std::vector<ordered_json> rows;
  const std::vector<std::pair<double, double>> figures{{3, 3}, {1, 9}, {2, 5}, {2, 6},
                                                       {4, 3}, {9, 1}, {9, 2}};
  for (std::size_t i = 0; i < figures.size(); ++i)
    rows.push_back(result_row(case_name(fmt::format("client{}", i)), figures[i].first, figures[i].second));
  rows.push_back(result_row(case_name("raw_epoll"), 0.5, 0.5));
  std::vector<std::string> marked;
  const auto cases = dataset_of(rows)["cases"];
  for (const auto& one : cases)
    if (std::ranges::find(one["frontier"], "rss_peak_bytes") != one["frontier"].end())
      marked.push_back(one["strategy"]);
  EXPECT_THAT(marked, ElementsAre("client0", "client1", "client2", "client5"));
}

TEST_F(report, fits_growth_over_workers) {
  std::vector<ordered_json> rows;
  for (const int workers : {10, 100, 1000})
    rows.push_back(result_row(case_name("fibers", workers), 5, 1, {{"rss_growth_bytes", 7 * workers}}));
  rows.push_back(result_row(case_name("coroutines", 10), 5, 1));
  const auto fits = dataset_of(rows)["fits"];
  ASSERT_EQ(fits.size(), 2u) << "of bytes and of CPU";
  EXPECT_EQ(fits[0]["label"], "fibers");
  EXPECT_NEAR(fits[0]["exponent"], 1, 1e-9);
  EXPECT_NEAR(fits[0]["factor"], 7, 1e-9);
  EXPECT_NEAR(fits[0]["slope"], 7, 1e-9);
  EXPECT_EQ(fits[0]["cases"].size(), 3u);
}

TEST_F(report, recommends_a_case_and_compares_the_others) {
  auto failed = result_row(case_name("multi_poll"), 5, 1);
  failed["error_occurred"] = true;
  failed["error_message"] = "3335 of 10000 days failed, first: 2044";
  const auto answer = dataset_of(
      {result_row(case_name("coroutines"), 100, 1000), result_row(case_name("fibers"), 102, 1020),
       result_row(case_name("thread_pool"), 100, 2000), result_row(case_name("raw_epoll"), 90, 500),
       result_row(case_name("sequential", 1), 5000, 900), failed})["answers"][0];
  EXPECT_THAT(answer["headline"].get<std::string>(), HasSubstr("coroutines with 100 workers"));
  const auto& rows = answer["rows"];
  EXPECT_THAT(members_of(rows, "text"),
              ElementsAre("recommended", "", "equal within 5 %", "failed: 3335 of 10000 days failed",
                          "floor: no HTTP library", ""));
  EXPECT_EQ(rows[1]["memory_ratio"], 2.0);
  EXPECT_EQ(rows[3]["time_ratio"], nullptr);
  EXPECT_EQ(rows[5]["time_ratio"], 50.0) << "sequential has one worker only";
}

/// A row with parameters, as a file with a schema has it.
ordered_json row_of(benchmark_case parameters, double time_ms = 5) {
  auto row = result_row(parameters.name(), time_ms, 1);
  row.update(parameters_json(parameters));
  return row;
}

/// A result with a schema.
ordered_json with_schema(const std::vector<ordered_json>& rows) {
  auto whole = result_of(rows, "get");
  whole["schema"] = schema_json({});
  for (const char* name : {"coroutines", "rust_hyper", "raw_epoll"})
    whole["schema"]["strategies"].push_back({{"name", name},
                                             {"label", name},
                                             {"family", "coroutines"},
                                             {"language", "C++"},
                                             {"transport", "none"},
                                             {"control_flow", "flow"},
                                             {"code_changes", "none"}});
  return whole;
}

benchmark_case get_case(const std::string& strategy) {
  return {.strategy = strategy,
          .workers = 10,
          .latency = std::chrono::milliseconds{20},
          .page_kb = 3,
          .items = 100,
          .task = task_kind::get};
}

TEST_F(report, separates_tasks_connections_and_warm_ups) {
  const auto get = get_case("coroutines");
  auto scrape = get;
  scrape.task = task_kind::scrape;
  auto fresh = get;
  fresh.connections = connection_mode::fresh;
  auto warm = get;
  warm.warm_up = 50;
  std::vector<ordered_json> rows;
  // Each slower than the one before.
  for (const auto& parameters : {get, scrape, fresh, warm})
    rows.push_back(row_of(parameters, 5 + static_cast<double>(rows.size())));
  const auto dataset = json_of({put_json("run.json", with_schema(rows))})["datasets"][0];
  EXPECT_THAT(members_of(dataset["points"], "title"),
              testing::UnorderedElementsAre(
                  "20 ms per response, 3 KiB pages, engine beast",
                  "get: 20 ms per response, 3 KiB pages, engine beast",
                  "get: 20 ms per response, 3 KiB pages, engine beast, fresh connections",
                  "get: 20 ms per response, 3 KiB pages, engine beast, warm-up of 50 items"));
  EXPECT_EQ(dataset["answers"].size(), 4u);
  for (const auto& one : dataset["cases"]) {
    const auto point =
        std::ranges::find(dataset["points"], one["point"], [](const ordered_json& of) { return of["id"]; });
    ASSERT_NE(point, dataset["points"].end());
    for (const char* member : {"task", "connections", "warm_up"})
      EXPECT_EQ(one[member], (*point)[member]) << one["name"];
    EXPECT_EQ(one["frontier"].size(), 3u) << one["name"];
  }
}

TEST_F(report, has_ratios_to_the_floor_of_the_same_task) {
  const auto get = get_case("coroutines");
  auto scrape = get;
  scrape.task = task_kind::scrape;
  auto floor = get;
  floor.strategy = "raw_epoll";
  const auto dataset = json_of({put_json(
      "run.json", with_schema({row_of(get, 30), row_of(scrape, 60), row_of(floor, 20)}))})["datasets"][0];
  for (const auto& one : dataset["cases"]) {
    const bool has_floor = one["task"] == "get";
    EXPECT_EQ(one["figures"].contains("time_over_floor"), has_floor) << one["name"];
  }
}

TEST_F(report, has_the_facts_of_clients) {
  auto rows = std::vector{row_of(get_case("rust_hyper")), row_of(get_case("rust_hyper")),
                          row_of(get_case("coroutines")), row_of(get_case("raw_epoll"))};
  rows[1]["repetition_index"] = 1;
  rows[1]["client_version"] = "hyper 1.5.0";
  const auto json = json_of({put_json("run.json", with_schema(rows))});
  const auto& cases = json["datasets"][0]["cases"];
  EXPECT_THAT(members_of(cases, "strategy"), ElementsAre("coroutines", "raw_epoll", "rust_hyper"));
  EXPECT_THAT(members_of(cases, "client_version"), ElementsAre("", "", "hyper 1.5.0"));
  EXPECT_EQ(cases[2]["items"], 100);
  EXPECT_THAT(members_of(json["strategies"], "kind"), ElementsAre("library", "floor", "program"));
}

TEST_F(report, of_an_old_file_has_kept_connections) {
  const auto dataset = dataset_of({result_row(case_name("fibers"), 5, 1)});
  const auto& one = dataset["cases"][0];
  EXPECT_EQ(one["items"], one["days"]);
  EXPECT_EQ(one["task"], "scrape");
  EXPECT_EQ(one["connections"], "kept");
  EXPECT_EQ(one["warm_up"], 0);
  EXPECT_EQ(one["client_version"], "");
  EXPECT_EQ(dataset["points"][0]["id"], "latency:20ms/page_kb:3");
  EXPECT_EQ(dataset["points"][0]["title"], "20 ms per response, 3 KiB pages");
}

TEST_F(report, names_datasets_by_workload_or_file) {
  const auto rows = std::vector{result_row(case_name("fibers"), 5, 1)};
  const auto datasets =
      json_of({put_json("a.json", result_of(rows, "article")), put_json("b.json", result_of(rows, "article")),
               put_json("c.json", result_of(rows))})["datasets"];
  EXPECT_THAT(members_of(datasets, "id"), ElementsAre("a", "b", "light"));
  EXPECT_THAT(members_of(datasets, "title"), ElementsAre("article (a)", "article (b)", "light"));
  EXPECT_THAT(members_of(datasets, "file"), ElementsAre("a.json", "b.json", "c.json"));
}

TEST_F(report, shows_the_curve_of_the_median_repetition) {
  std::vector<ordered_json> rows;
  for (const double time : {4, 1, 2, 3}) {
    rows.push_back(result_row(case_name("fibers"), time, 1));
    rows.back()["repetition_index"] = rows.size() - 1;
  }
  ordered_json curves{{"timeline", 1}, {"sample_every_ms", 2}, {"curves", ordered_json::array()}};
  const auto add_curve = [&](int repetition) {
    curves["curves"].push_back({{"name", case_name("fibers")},
                                {"repetition", repetition},
                                {"phases_ms", ordered_json::object()},
                                {"points", {{0, 1}, {1, 2}}}});
  };
  for (const int repetition : {0, 1, 3}) add_curve(repetition);
  const auto repetition_shown = [&] {
    put_json("run.timeline.json", curves);
    return dataset_of(rows)["timeline"]["curves"][case_name("fibers")]["repetition"];
  };
  EXPECT_EQ(repetition_shown(), 1) << "2 ms have no curve: 1 ms and 3 ms are as near";
  add_curve(2);
  EXPECT_EQ(repetition_shown(), 2) << "the shorter of the middle two";
}

TEST_F(report, reads_utf8_with_a_mark_and_any_line_ends) {
  const auto text = result_of({result_row(case_name("fibers"), 5, 1)}).dump(1);
  std::string lines;
  for (const char c : text) lines += c == '\n' ? "\r\n" : std::string(1, c);
  for (const auto& same : {"\xEF\xBB\xBF" + text, lines})
    EXPECT_EQ(json_of({put("run.json", same)})["datasets"][0]["cases"].size(), 1u);
}

TEST_F(report, lists_other_encodings_with_their_reason) {
  const auto text = result_of({result_row(case_name("fibers"), 5, 1)}).dump();
  std::string wide{"\xFF\xFE"};
  for (const char c : text) wide += {c, '\0'};
  const auto json =
      json_of({put("\u202Eutf16.json", wide), put("zero.json", text + '\0'), put("empty.json", std::string{}),
               put("mark.json", std::string{"\xEF\xBB\xBF"}), put("good.json", text)});
  const auto reasons = members_of(json["broken"], "reason");
  ASSERT_EQ(reasons.size(), 4u);
  EXPECT_EQ(reasons[0], "is UTF-16 or another encoding: convert it to UTF-8");
  EXPECT_THAT(reasons[1], testing::StartsWith("is not JSON: invalid byte"));
  EXPECT_EQ(reasons[2], "is empty");
  EXPECT_THAT(reasons[3], testing::StartsWith("is truncated"));
  EXPECT_EQ(json["datasets"].size(), 1u);
}

TEST_F(report, lists_broken_files_and_shows_the_others) {
  const auto good = put_json("good.json", result_of({result_row(case_name("fibers"), 5, 1)}));
  put("good.timeline.json", "{}");
  const auto json = json_of({good, put("cut.json", "{\"context\""), folder_ / "absent.json"});
  EXPECT_EQ(json["datasets"].size(), 1u);
  EXPECT_EQ(json["datasets"][0]["timeline"], nullptr);
  EXPECT_THAT(members_of(json["broken"], "file"),
              ElementsAre("good.timeline.json", "cut.json", "absent.json"));
  EXPECT_THAT(members_of(json["broken"], "reason")[1], testing::StartsWith("is truncated"));
  EXPECT_THROW(json_of({folder_ / "absent.json"}), track_error);
}

TEST_F(report, puts_recordings_into_the_history_once) {
  const auto plain = put_json("plain.json", result_of({result_row(case_name("fibers"), 5, 1)}));
  const auto one = put_recording("runs/machine/r.json", 'a', 1);
  put_recording("runs/other/r.json", 'b', 2);
  const auto json = json_of({plain, one, folder_ / "runs"});
  EXPECT_THAT(members_of(json["datasets"], "file"), ElementsAre("plain.json"));
  EXPECT_THAT(members_of(json["history"]["groups"][0]["recordings"], "id"), ElementsAre("r", "r-2"));
}

TEST_F(report, of_recordings_only_has_the_latest_as_result) {
  const auto json = json_of({put_recording("late.json", 'a', 5), put_recording("early.json", 'b', 1)});
  EXPECT_THAT(members_of(json["datasets"], "file"), ElementsAre("late.json"));
}

TEST_F(report, of_equal_files_has_equal_bytes) {
  const std::vector paths{put_json("run.json", result_of({result_row(case_name("fibers"), 5, 1)})),
                          put_recording("r.json", 'a', 1)};
  EXPECT_EQ(json_of(paths).dump(), json_of(paths).dump());
  EXPECT_THAT(json_of(paths).dump(), testing::Not(HasSubstr(folder_.string())));
}

TEST(column_titles, are_names_without_units) {
  EXPECT_EQ(column_title("real_time"), "time");
  EXPECT_EQ(column_title("rss_peak_bytes"), "RSS peak");
  EXPECT_EQ(column_title("cpu_us_per_request"), "CPU per request");
  EXPECT_EQ(column_title("bytes_per_worker"), "bytes per worker");
}

TEST(page, holds_json_that_cannot_end_its_element) {
  const ordered_json json{{"text", "</script><!-- & \u2028\u2029é"}};
  const auto page = fill_page("<script>\"farebench-data\"</script>", json);
  const auto text = page.substr(8, page.size() - 8 - 9);
  EXPECT_EQ(text.find_first_of("<>&"), std::string::npos);
  EXPECT_EQ(text.find("\u2028"), std::string::npos);
  EXPECT_EQ(ordered_json::parse(text), json);
  EXPECT_THROW(fill_page("<script></script>", json), track_error);
  EXPECT_THROW(fill_page("\"farebench-data\" \"farebench-data\"", json), track_error);
}

/// Runs track in the report's folder.
class report_command : public report {
 protected:
  /// Runs track in the folder. Its errors are in `output` too.
  test::finished_command track(const std::string& arguments) const {
    return test::run_command(
        fmt::format("cd '{}' && '{}/track' {} 2>&1", folder_.string(), FAREBENCH_BIN_DIR, arguments));
  }
};

TEST_F(report_command, prints_history_and_json) {
  put_recording("runs/a.json", 'a', 1);
  put("runs/broken.json", "{");
  const auto text = track("history runs");
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.output, HasSubstr("1 recording of 1 commit: no change"));
  EXPECT_THAT(text.output, HasSubstr("broken.json is truncated"));
  std::filesystem::remove(folder_ / "runs/broken.json");
  EXPECT_EQ(ordered_json::parse(track("history runs --json").output)["version"], 1);
  EXPECT_EQ(ordered_json::parse(track("report runs --json").output)["datasets"].size(), 1u);
}

TEST_F(report_command, names_how_to_get_a_missing_page) {
  put_json("plain.json", result_of({result_row(case_name("fibers"), 5, 1)}));
  std::filesystem::copy_file(std::filesystem::path{FAREBENCH_BIN_DIR} / "track", folder_ / "track");
  const auto run = test::run_command(fmt::format("cd '{}' && ./track report plain.json", folder_.string()));
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.errors, HasSubstr("report_page.html: './dev report' builds it"));
  EXPECT_EQ(std::ranges::count(run.errors, '\n'), 1) << run.errors;
}

TEST_F(report_command, writes_page_to_any_output) {
  put_json("plain.json", result_of({result_row(case_name("fibers"), 5, 1)}));
  std::filesystem::copy_file(std::filesystem::path{FAREBENCH_BIN_DIR} / "track", folder_ / "track");
  put("report_page.html", std::string{"<p>\"farebench-data\"</p>"});
  const auto report = [&](const std::string& arguments) {
    return test::run_command(fmt::format("cd '{}' && ./track report {}", folder_.string(), arguments));
  };
  EXPECT_EQ(report("plain.json --out new/page.html").output, "new/page.html\n");
  const auto page = read_file(folder_ / "new/page.html");
  EXPECT_THAT(page, testing::StartsWith("<p>"));
  EXPECT_EQ(report("plain.json --out /dev/stdout").output, page) << "and no name of a file";
  EXPECT_EQ(report("plain.json --out - | cat").output, page);
  EXPECT_EQ(report("plain.json --out /dev/full").exit_code, 2);
  EXPECT_THAT(report("plain.json --out new").errors, HasSubstr("new: Is a directory"));
}

TEST_F(report_command, inputs_are_not_overwritten) {
  put_json("plain.json", result_of({result_row(case_name("fibers"), 5, 1)}));
  std::filesystem::create_symlink("plain.json", folder_ / "link.json");
  for (const char* out : {"plain.json", "./plain.json", "link.json"}) {
    const auto result = track(fmt::format("report plain.json --out {}", out));
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.output, HasSubstr("is an input of the report"));
  }
  EXPECT_THAT(read_file(folder_ / "plain.json"), HasSubstr("fibers"));
}

TEST_F(report_command, refuses_wrong_input_in_one_line) {
  put_json("plain.json", result_of({result_row(case_name("fibers"), 5, 1)}));
  std::filesystem::create_directories(folder_ / "empty");
  put("accepted.json", std::string{"[]"});
  for (const auto& [arguments, reason] :
       {std::pair{"report absent.json", "cannot be read"},
        {"report plain.json --runs plain.json", "is not a folder"},
        {"report plain.json --json --out page.html", "--out excludes --json"},
        {"report plain.json --runs empty", "holds no result file (*.json, */*.json)"},
        {"report plain.json --accepted absent.json --json", "absent.json cannot be read"},
        {"history plain.json --accepted accepted.json", "accepted.json is no JSON object"}}) {
    const auto result = track(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments;
    EXPECT_THAT(result.output, HasSubstr(reason));
    EXPECT_EQ(std::ranges::count(result.output, '\n'), 1) << result.output;
  }
}

}  // namespace
}  // namespace farebench::track
