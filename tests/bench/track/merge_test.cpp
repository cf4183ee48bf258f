#include "bench/track/merge.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bench/clients/clients.hpp"
#include "bench/columns.hpp"
#include "bench/track/error.hpp"
#include "bench/track/export.hpp"
#include "bench/track/report.hpp"
#include "bench/track/result_file.hpp"
#include "lib/system/shard.hpp"
#include "tests/bench/scratch_folder.hpp"
#include "tests/bench/track/made_up_run.hpp"
#include "tests/support/run_command.hpp"

namespace farebench::track {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using nlohmann::ordered_json;
using testing::HasSubstr;

constexpr int rows_per_case = 2;

std::string run_name(const benchmark_case& one) { return one.name() + "/iterations:1/manual_time"; }

/// Returns a list of cases of all probe clients, in random order.
std::vector<benchmark_case> random_cases(std::mt19937& random) {
  std::vector<benchmark_case> cases;
  for (const auto& client : probe_clients()) {
    for (const std::size_t workers : {1u, 20u, 100u, 1'000u}) {
      for (const auto latency : {20ms, 50ms}) {
        if (random() % 2 == 0) continue;
        cases.push_back({.strategy = client.name,
                         .workers = workers,
                         .latency = latency,
                         .page_kb = 3,
                         .items = 100,
                         .kind = latency == 50ms ? point_kind::burst : point_kind::plain});
      }
    }
  }
  std::ranges::shuffle(cases, random);
  return cases;
}

/// Returns the result file of a shard, with rows in the order in which cases complete: any.
shard_file made_up_shard(const std::vector<benchmark_case>& cases, const shard& part, std::mt19937& random) {
  auto positions = positions_of_shard(cases, part);
  auto context = made_up_context();
  context["shard"] = to_string(part);
  context["shard_cases"] = std::to_string(positions.size());
  context["run_cases"] = std::to_string(cases.size());
  context["run_digest"] = "0123abcd";
  context["machine_id"] = fmt::format("{:08x}", part.index % 3);
  context["load_avg"] = {0.25 * static_cast<double>(random() % 4)};
  std::ranges::shuffle(positions, random);
  auto rows = ordered_json::array();
  std::vector<benchmark_case> own;
  for (const auto position : positions) {
    own.push_back(cases[position]);
    for (int repetition = 0; repetition < rows_per_case; ++repetition) {
      auto row =
          made_up_row(repetition, 1.0 + static_cast<double>(random() % 100), 100'000, cases[position].name());
      row["repetitions"] = rows_per_case;
      row["family_index"] = position;
      row.update(parameters_json(cases[position]));
      rows.push_back(std::move(row));
    }
  }
  return {.source = fmt::format("{}.json", part.index),
          .whole = {{"schema", schema_json(own)}, {"context", context}, {"benchmarks", rows}}};
}

std::vector<shard_file> made_up_shards(const std::vector<benchmark_case>& cases, std::size_t count,
                                       std::mt19937& random) {
  std::vector<shard_file> files;
  for (std::size_t index = 1; index <= count; ++index)
    files.push_back(made_up_shard(cases, {.index = index, .count = count}, random));
  return files;
}

/// Three shards of four points.
std::vector<shard_file> three_shards() {
  std::mt19937 random{1};
  std::vector<benchmark_case> cases;
  for (const std::size_t workers : {1u, 20u, 100u, 1'000u}) {
    for (const char* strategy : {"coroutines", "raw_epoll"})
      cases.push_back(
          {.strategy = strategy, .workers = workers, .latency = 20ms, .page_kb = 3, .items = 100});
  }
  return made_up_shards(cases, 3, random);
}

/// Merges the files in random groups, and these again, until one is left.
shard_file merged_in_groups(std::vector<shard_file> files, std::mt19937& random) {
  while (files.size() > 1) {
    std::ranges::shuffle(files, random);
    const auto size = std::uniform_int_distribution<std::size_t>{2, files.size()}(random);
    std::vector<shard_file> group(std::make_move_iterator(files.end() - static_cast<std::ptrdiff_t>(size)),
                                  std::make_move_iterator(files.end()));
    files.resize(files.size() - size);
    files.push_back({.source = "merged.json", .whole = merge_shards(std::move(group), true)});
  }
  return std::move(files.front());
}

std::string merge_error(std::vector<shard_file> files, bool is_partial = false) {
  try {
    merge_shards(std::move(files), is_partial);
  } catch (const track_error& error) {
    EXPECT_EQ(error.exit_code(), exit_usage);
    return error.what();
  }
  return "none";
}

/// Returns the error of merging three shards after a change to the second.
std::string error_after(const std::function<void(ordered_json&)>& change) {
  auto files = three_shards();
  change(files[1].whole);
  return merge_error(std::move(files));
}

TEST(merge, any_shards_merge_into_the_whole_list) {
  std::mt19937 random{19};
  for (int list = 0; list < 15; ++list) {
    const auto cases = random_cases(random);
    for (const std::size_t count : {1u, 2u, 3u, 5u, 8u, 30u}) {
      const auto merged = merge_shards(made_up_shards(cases, count, random), false);
      std::vector<std::string> expected;
      for (const auto& one : cases) expected.insert(expected.end(), rows_per_case, run_name(one));
      std::vector<std::string> names;
      for (const auto& row : merged["benchmarks"]) {
        names.push_back(row["run_name"]);
        EXPECT_EQ(row["repetition_index"], (names.size() - 1) % rows_per_case);
      }
      EXPECT_EQ(names, expected) << count << " shards";
    }
  }
}

TEST(merge, order_and_grouping_change_nothing) {
  std::mt19937 random{7};
  for (int list = 0; list < 15; ++list) {
    const auto files = made_up_shards(random_cases(random), 2 + random() % 9, random);
    const auto expected = merge_shards(files, false).dump();
    for (int grouping = 0; grouping < 5; ++grouping)
      EXPECT_EQ(merged_in_groups(files, random).whole.dump(), expected);
  }
}

TEST(merge, rows_keep_shard_and_machine) {
  const auto merged = merge_shards(three_shards(), false);
  for (const auto& row : merged["benchmarks"]) {
    const auto workers = row["workers"].get<int>();
    EXPECT_EQ(row["shard"], workers == 20 ? "2/3" : workers == 100 ? "3/3" : "1/3");
    EXPECT_EQ(row["machine_id"], workers == 20 ? "00000002" : workers == 100 ? "00000000" : "00000001");
  }
  EXPECT_EQ(merged["context"]["commit"], std::string(40, 'a'));
  EXPECT_FALSE(merged["context"].contains("machine_id"));
  ASSERT_EQ(merged["context"]["shards"].size(), 3u);
  EXPECT_EQ(merged["context"]["shards"][1]["shard"], "2/3");
  EXPECT_EQ(merged["context"]["shards"][1]["machine_id"], "00000002");
}

TEST(merge, thousand_shards_are_merged) {
  std::mt19937 random{3};
  std::vector<benchmark_case> cases;
  for (std::size_t workers = 1; workers <= 1'000; ++workers)
    cases.push_back(
        {.strategy = "raw_epoll", .workers = workers, .latency = 20ms, .page_kb = 3, .items = 100});
  const auto merged = merge_shards(made_up_shards(cases, 1'000, random), false);
  EXPECT_EQ(merged["benchmarks"].size(), 1'000u * rows_per_case);
}

TEST(merge, missing_shards_are_named) {
  auto files = three_shards();
  files.erase(files.begin() + 1);
  EXPECT_EQ(merge_error(files), "shard 2 of 3 is missing: name its file, or merge a part with --partial");
  EXPECT_EQ(merge_error(files, true), "none");
  files.pop_back();
  EXPECT_EQ(merge_error(files),
            "shards 2 and 3 of 3 are missing: name their files, or merge a part with --partial");
}

TEST(merge, shard_in_two_files_is_refused) {
  auto files = three_shards();
  files.push_back(files[1]);
  files.back().source = "copy.json";
  EXPECT_EQ(merge_error(files), "shard 2/3 is in 2.json and in copy.json: name one of them");
}

TEST(merge, shards_of_another_run_are_refused) {
  const auto digits = std::string(40, 'b');
  EXPECT_EQ(error_after([&](ordered_json& file) { file["context"]["commit"] = digits; }),
            fmt::format("1.json and 2.json are not of one run: their commit differs ('{}'; '{}')",
                        std::string(40, 'a'), digits));
  for (const char* name : {"workload", "dirty", "compiler", "flags", "run_digest", "latency"})
    EXPECT_THAT(error_after([&](ordered_json& file) { file["context"][name] = "other"; }),
                HasSubstr(fmt::format("their {} differs", name)));
  EXPECT_EQ(error_after([](ordered_json& file) { file["context"]["shard"] = "2/4"; }),
            "2.json has shard 2/4 and 1.json one of 3: name the shards of one run");
  EXPECT_EQ(error_after([](ordered_json& file) { file["schema"]["columns"][1]["unit"] = "weeks"; }),
            "2.json: schema: its columns differ from those of the other files");
  EXPECT_EQ(error_after([](ordered_json& file) { file["schema"]["strategies"][0]["family"] = "other"; }),
            "2.json: schema: its facts about 'coroutines' differ from those of the other files");
  EXPECT_THAT(
      error_after([](ordered_json& file) {
        for (auto& row : file["benchmarks"]) row["family_index"] = 0;
      }),
      testing::MatchesRegex("shard 2/3 has 'fetch/.*/workers:20/.*' in the place of 'fetch/.*/workers:1/.*' "
                            "of shard 1/3: name the shards of one run"));
}

TEST(merge, incomplete_shards_are_refused) {
  EXPECT_EQ(error_after(
                [](ordered_json& file) { file["context"]["interrupted"] = "before all rows were measured"; }),
            "2.json: shard 2/3 was interrupted before all rows were measured: run it again");
  EXPECT_THAT(error_after([](ordered_json& file) { file["benchmarks"].erase(0); }),
              HasSubstr("shard 2/3 has 1 of 2 repetitions of 'fetch/strategy:"));
  EXPECT_EQ(error_after([](ordered_json& file) {
              file["benchmarks"].erase(0);
              file["benchmarks"].erase(0);
            }),
            "2.json: shard 2/3 has 1 of 2 cases: run it again");
  EXPECT_EQ(error_after([](ordered_json& file) { file["context"]["run_cases"] = "9"; }),
            "1.json and 2.json are not of one run: their run_cases differs ('8'; '9')");
  auto files = three_shards();
  for (auto& file : files) file.whole["context"]["run_cases"] = "9";
  EXPECT_EQ(merge_error(files), "the shards have 8 cases, and their run 9: name the shards of one run");
}

TEST(merge, files_without_shards_are_refused) {
  EXPECT_EQ(error_after([](ordered_json& file) { file["context"].erase("shard"); }),
            "2.json is not a shard: it was measured without --shard");
  for (const char* text : {"auto", "0/3", "4/3", "2", "02/3"})
    EXPECT_EQ(error_after([&](ordered_json& file) { file["context"]["shard"] = text; }),
              fmt::format("2.json: context: '{}' is not a shard", text));
  EXPECT_EQ(error_after([](ordered_json& file) {
              file["context"].erase("shard");
              file["context"]["shards"] = ordered_json::array();
            }),
            "2.json is not a shard: its list of shards is empty");
  EXPECT_EQ(error_after([](ordered_json& file) { file.erase("schema"); }), "2.json has no 'schema'");
  EXPECT_EQ(error_after([](ordered_json& file) { file.erase("context"); }), "2.json has no 'context'");
  EXPECT_EQ(error_after([](ordered_json& file) { file["benchmarks"][0]["shard"] = "3/3"; }),
            "2.json: row 1: its file has no shard 3/3");
  EXPECT_EQ(error_after([](ordered_json& file) { file["benchmarks"][0].erase("family_index"); }),
            "2.json: row 1 has no 'family_index'");
}

TEST(merge, machines_of_a_merged_file_are_apart) {
  const auto machines = split_by_machine(read_result(merge_shards(three_shards(), false), "all.json"));
  ASSERT_EQ(machines.size(), 3u);
  std::vector<std::string> ids;
  for (const auto& file : machines) {
    ids.push_back(file.context.at("machine_id"));
    EXPECT_FALSE(file.context.contains("shard"));
    for (const auto& one : file.cases) EXPECT_EQ(one.machine, ids.back());
  }
  EXPECT_THAT(ids, testing::UnorderedElementsAre("00000000", "00000001", "00000002"));

  report_input input;
  for (const auto& file : machines) input.results.push_back({.file = file});
  const auto report = report_json(input, {});
  std::vector<std::string> titles;
  for (const auto& dataset : report["datasets"]) titles.push_back(dataset["title"]);
  EXPECT_THAT(titles, testing::UnorderedElementsAre("light, machine 00000000", "light, machine 00000001",
                                                    "light, machine 00000002"));
  EXPECT_THROW(export_text(machines, export_format::github_action_benchmark, {}), track_error);
  EXPECT_THAT(export_text(machines, export_format::csv, {}), HasSubstr(",00000002\r\n"));
}

TEST(merge, shards_of_one_machine_are_one_result) {
  auto files = three_shards();
  for (auto& file : files) file.whole["context"]["machine_id"] = "00000001";
  const auto machines = split_by_machine(read_result(merge_shards(std::move(files), false), "all.json"));
  ASSERT_EQ(machines.size(), 1u);
  EXPECT_EQ(machines.front().cases.size(), 8u);
}

class merge_command : public testing::Test {
 protected:
  /// Writes a file of the folder and returns its name.
  std::string write(const std::string& name, const ordered_json& whole) const {
    std::ofstream{folder_ / name} << whole.dump();
    return name;
  }
  /// Writes three shards as PREFIX1.json to PREFIX3.json, and returns their names.
  std::string write_shards(const std::string& prefix, const std::vector<shard_file>& files) const {
    std::string names;
    for (const auto& file : files) names += write(prefix + file.source, file.whole) + ' ';
    return names;
  }
  test::finished_command track(const std::string& arguments) const {
    return test::run_command(
        fmt::format("cd {} && {}/track {}", folder_.path().string(), FAREBENCH_BIN_DIR, arguments));
  }
  ordered_json read(const std::string& name) const { return ordered_json::parse(text_of(folder_ / name)); }

  scratch_folder folder_;
};

TEST_F(merge_command, files_are_merged_with_their_timelines) {
  const auto files = three_shards();
  const auto names = write_shards("", files);
  for (const auto& file : files) {
    auto curves = ordered_json::array();
    for (const auto& row : file.whole["benchmarks"]) {
      const auto name = row["name"].get<std::string>();
      curves.push_back({{"name", name.substr(0, name.find("/iterations"))},
                        {"repetition", row["repetition_index"]},
                        {"phases_ms", {{"go", 0}}},
                        {"points", {{0.0, 100}}}});
    }
    write(timeline_path(file.source), {{"timeline", 1}, {"sample_every_ms", 2.0}, {"curves", curves}});
  }
  const auto run = track(fmt::format("merge {} --out all.json", names));
  EXPECT_EQ(run.exit_code, exit_nothing_worse) << run.errors;
  EXPECT_EQ(run.output + run.errors, "");
  EXPECT_EQ(read("all.json"), merge_shards(files, false));
  EXPECT_EQ(read("all.timeline.json")["curves"].size(), 16u);

  fs::remove(folder_ / "2.timeline.json");
  const auto without = track(fmt::format("merge {} --out other.json", names));
  EXPECT_EQ(without.exit_code, exit_nothing_worse);
  EXPECT_EQ(without.errors, "track: no timeline is written: there is no 2.timeline.json\n");
  EXPECT_EQ(text_of(folder_ / "other.json"), text_of(folder_ / "all.json"));
}

TEST_F(merge_command, wrong_input_leaves_the_output_as_it_was) {
  const auto names = write_shards("", three_shards());
  std::ofstream{folder_ / "all.json"} << "old";
  const std::pair<const char*, const char*> cases[] = {
      {"1.json 3.json --out all.json", "shard 2 of 3 is missing"},
      {"1.json 2.json 3.json 2.json --out all.json", "shard 2/3 is in 2.json and in 2.json"},
      {"1.json none.json --out all.json", "none.json cannot be read"},
      {"1.json 2.json 3.json --out 2.json", "this file is an input of the merge"},
      {"1.json 2.json 3.json", "--out is required"},
      {"--out all.json", "FILES is required"}};
  for (const auto& [arguments, reason] : cases) {
    const auto run = track(fmt::format("merge {}", arguments));
    EXPECT_EQ(run.exit_code, exit_usage) << arguments;
    EXPECT_THAT(run.errors, HasSubstr(reason)) << arguments;
    EXPECT_EQ(std::ranges::count(run.errors, '\n'), 1) << run.errors;
    EXPECT_EQ(text_of(folder_ / "all.json"), "old");
  }
}

TEST_F(merge_command, comparison_is_of_the_same_machines_only) {
  auto base = three_shards();
  auto head = three_shards();
  head[1].whole["context"]["machine_id"] = "ffffffff";
  for (auto* const files : {&base, &head}) {
    for (auto& file : *files) {
      auto& context = file.whole["context"];
      context["cpu_model"] = "CPU of " + context["machine_id"].get<std::string>();
    }
  }
  write("base.json", merge_shards(base, false));
  write("head.json", merge_shards(head, false));
  const auto run = track("compare base.json head.json --json");
  EXPECT_EQ(run.exit_code, exit_nothing_worse) << run.errors;
  const auto result = ordered_json::parse(run.output);
  EXPECT_EQ(result["machine"], "3 machines");
  EXPECT_THAT(result["notes"].dump(), HasSubstr("2 rows are of another machine in base than in head"));
  for (const auto& found : result["findings"])
    EXPECT_THAT(found["series"].get<std::string>(), testing::Not(HasSubstr("workers:20/")));

  for (auto& file : head) file.whole["context"]["machine_id"] = "eeeeeee" + file.source.substr(0, 1);
  write("foreign.json", merge_shards(head, false));
  const auto refused = track("compare base.json foreign.json");
  EXPECT_EQ(refused.exit_code, exit_incomparable);
  EXPECT_THAT(refused.errors, HasSubstr("8 rows are of another machine in base than in head"));
}

}  // namespace
}  // namespace farebench::track
