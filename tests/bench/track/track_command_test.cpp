// Commands of track, run in a repository whose commits copy a finished client instead of compiling one.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "bench/track/recordings.hpp"
#include "bench/track/selftest.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/child_process.hpp"
#include "tests/bench/track/made_up_run.hpp"
#include "tests/support/run_command.hpp"
#include "tests/support/sampled_cases.hpp"

namespace farebench::track {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

constexpr const char* tiny = "-- --smoke --strategies coroutines --workers 2";

const fs::path bin{FAREBENCH_BIN_DIR};

class track_command : public testing::Test {
 protected:
  track_command() {
    std::string pattern = fs::temp_directory_path() / "farebench-track-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    fs::create_directories(folder_ / "repo");
  }
  ~track_command() override { fs::remove_all(folder_); }

  test::finished_command shell(const std::string& command) const {
    return test::run_command(
        fmt::format("cd {} && export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null "
                    "FAREBENCH_MUTANT=allocation_per_request && {}",
                    (folder_ / "repo").string(), command));
  }
  test::finished_command track(const std::string& arguments) const {
    return shell(fmt::format("{} {}", (bin / "track").string(), arguments));
  }
  std::string git(const std::string& arguments) const {
    const auto done = shell("git -c user.name=tester -c user.email=tester@example.invalid " + arguments);
    EXPECT_EQ(done.exit_code, 0) << arguments << '\n' << done.errors;
    return done.output.substr(0, done.output.find_last_not_of('\n') + 1);
  }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((folder_ / "repo" / name).parent_path());
    std::ofstream{folder_ / "repo" / name} << text;
  }

  /// Commits a project whose fetch_probe is a copy of `client`, and fetch_probe_native one of `native` if
  /// there is one. `text` makes the commit unique.
  std::string commit(const fs::path& client, const std::string& text, const fs::path& native = {}) const {
    auto project = fmt::format("cmake_minimum_required(VERSION 3.25)\nproject(scratch NONE)\n# {}\n", text);
    const auto add_target = [&](const char* name, const fs::path& program) {
      project += fmt::format(
          "add_custom_target({0} COMMAND ${{CMAKE_COMMAND}} -E copy {1} ${{CMAKE_BINARY_DIR}}/bin/{0})\n",
          name, program.string());
    };
    add_target("fetch_probe", client);
    if (!native.empty()) {
      add_target("fetch_probe_native", native);
      write("bench/probe/fetch_probe_native.cpp", text);
    }
    write("CMakeLists.txt", project);
    write(".gitignore", "/build/\n");
    if (!fs::exists(folder_ / "repo" / ".git")) git("init -q -b main .");
    git("add -A");
    git("commit -q -m '" + text + "'");
    return git("rev-parse HEAD");
  }

  fs::path folder_;
};

const fs::path probe = bin / "fetch_probe";

const fs::path native_probe = bin / "fetch_probe_native";

const fs::path mutant = bin / "mutant_probe";

std::ptrdiff_t lines(const std::string& text) { return std::ranges::count(text, '\n'); }

/// The only result file in a folder.
fs::path only_result(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator{folder})
    if (entry.path().extension() == ".json") found.push_back(entry.path());
  EXPECT_EQ(found.size(), 1u);
  return found.empty() ? fs::path{} : found.front();
}

/// Heaps cannot be counted under a sanitizer.
bool counts_heaps() { return this_build().sanitizers.empty(); }

TEST_F(track_command, help_names_verbs_verdicts_and_exit_codes) {
  const auto run = shell((bin / "track").string() + " --help");
  EXPECT_EQ(run.exit_code, 0);
  for (const char* text :
       {"record", "compare", "gate", "selftest", "cannot tell", "Exit codes", "max(1 %, 64 bytes)"})
    EXPECT_THAT(run.output, HasSubstr(text));
  EXPECT_THAT(shell((bin / "track").string() + " compare --help").output, HasSubstr("--pairs"));
}

TEST_F(track_command, misspelled_arguments_are_guessed) {
  for (const auto& [arguments, name] :
       {std::pair{"cmpare a b", "compare"}, std::pair{"compare a b --pears 3", "--pairs"},
        std::pair{"report --ot x", "--out"}, std::pair{"compare a b -- --wrokers 3", "--workers"}}) {
    const auto run = track(arguments);
    EXPECT_EQ(run.exit_code, 2) << arguments;
    EXPECT_THAT(run.errors, HasSubstr(fmt::format("did you mean {}?", name))) << arguments;
  }
}

TEST_F(track_command, invalid_arguments_give_one_line_and_exit_code_2) {
  commit(probe, "one");
  write("a.json", "{}");
  for (const char* bad :
       {"", "compare", "compare HEAD", "dance", "compare HEAD HEAD --pairs 2", "compare HEAD no-such-commit",
        "compare HEAD a.json", "compare a.json a.json -- --smoke", "compare HEAD HEAD -- --nonsense",
        "compare HEAD HEAD -- --benchmark_repetitions=3", "compare HEAD HEAD -- --clients python",
        "record -- --latency soon", "record -- --benchmark_format=csv", "record --of no-such-commit",
        "gate --against no-such-commit", "gate --summary no-such-folder/summary.md", "selftest --kill 0"}) {
    const auto run = track(bad);
    EXPECT_EQ(run.exit_code, 2) << bad << ": " << run.errors;
    EXPECT_EQ(lines(run.errors), 1) << bad << ": " << run.errors;
    EXPECT_EQ(run.output, "") << bad;
  }
  const auto outside =
      test::run_command(fmt::format("cd / && {} compare HEAD HEAD~", (bin / "track").string()));
  EXPECT_EQ(outside.exit_code, 2);
  EXPECT_THAT(outside.errors, HasSubstr("no git repository here"));
}

TEST_F(track_command, hook_of_another_repository_changes_nothing) {
  commit(probe, "one");
  commit(probe, "two");
  shell(
      "git init -q ../other && git -C ../other -c user.name=a -c user.email=a@example.invalid commit -q "
      "--allow-empty -m other");
  const auto run = shell(fmt::format(
      "export GIT_DIR=$PWD/../other/.git GIT_WORK_TREE=$PWD/../other GIT_INDEX_FILE=$PWD/../other/.git/index "
      "GIT_COMMON_DIR=$PWD/../other/.git GIT_OBJECT_DIRECTORY=$PWD/../other/.git/objects GIT_PREFIX=x/ && "
      "{} compare HEAD~ HEAD --pairs 6 {}",
      (bin / "track").string(), tiny));
  EXPECT_THAT(run.output, HasSubstr("an A/A")) << run.errors;
  EXPECT_EQ(lines(shell("git -C ../other worktree list").output), 1);
}

TEST_F(track_command, repository_around_the_chosen_folder_is_refused) {
  commit(probe, "one");
  shell("mkdir unpacked");
  const auto run = shell(fmt::format("FAREBENCH_REPOSITORY=$PWD/unpacked {} compare HEAD HEAD {}",
                                     (bin / "track").string(), tiny));
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.errors, HasSubstr("no git repository here"));
  const auto distrusted = shell(fmt::format("GIT_TEST_ASSUME_DIFFERENT_OWNER=1 {} compare HEAD HEAD {}",
                                            (bin / "track").string(), tiny));
  EXPECT_EQ(distrusted.exit_code, 2);
  EXPECT_THAT(distrusted.errors, HasSubstr("detected dubious ownership"));
}

TEST_F(track_command, client_of_unknown_commit_is_not_recorded) {
  commit(probe, "one");
  const auto foreign = track(fmt::format("record {}", tiny));
  EXPECT_EQ(foreign.exit_code, 2);
  EXPECT_THAT(foreign.errors, HasSubstr("there is no commit"));
  EXPECT_FALSE(fs::exists(folder_ / "repo" / "results"));
}

TEST_F(track_command, one_more_allocation_in_a_commit_is_found) {
  if (!counts_heaps()) GTEST_SKIP() << "heaps cannot be counted under a sanitizer";
  commit(probe, "one");
  const auto worse = commit(mutant, "two");
  const auto run = track(fmt::format("compare HEAD~ HEAD --pairs 6 --json {}", tiny));
  EXPECT_EQ(run.exit_code, 1) << run.errors;
  const auto result = nlohmann::json::parse(run.output);
  EXPECT_EQ(result["head"]["commit"], worse);
  EXPECT_EQ(result["same_program"], false);
  bool is_found = false;
  for (const auto& one : result["findings"])
    is_found = is_found || (one["metric"] == "allocations_per_request" && one["verdict"] == "regression");
  EXPECT_TRUE(is_found) << run.output;
  EXPECT_EQ(lines(shell("git worktree list").output), 1);
  EXPECT_FALSE(fs::exists(folder_ / "repo/build/track/source"));
  EXPECT_EQ(git("status --porcelain"), "");
  EXPECT_THAT(run.errors, HasSubstr("building"));
  EXPECT_THAT(run.errors, HasSubstr("build base "));
  // Programs are kept.
  EXPECT_THAT(track(fmt::format("compare HEAD~ HEAD --pairs 6 {}", tiny)).errors, Not(HasSubstr("building")));
}

/// As `tiny`, on the native transport.
constexpr const char* tiny_native = "-- --smoke --strategies coroutines/native --workers 2";

TEST_F(track_command, strategies_on_native_are_compared) {
  commit(probe, "one", native_probe);
  commit(probe, "two", native_probe);
  const auto run = track(fmt::format("compare HEAD~ HEAD --pairs 6 {}", tiny_native));
  EXPECT_LE(run.exit_code, 1) << run.errors;
  EXPECT_THAT(run.output, HasSubstr("an A/A"));
  EXPECT_THAT(run.output, HasSubstr("coroutines/native with 2 workers"));
  // The programs of a comparison on libcurl are among them.
  EXPECT_THAT(track(fmt::format("compare HEAD~ HEAD --pairs 6 {}", tiny)).errors, Not(HasSubstr("building")));
}

TEST_F(track_command, commit_without_native_transport_is_named) {
  commit(probe, "one");
  commit(probe, "two", native_probe);
  for (const auto* arguments : {"compare HEAD~ HEAD", "compare HEAD HEAD~", "record --of HEAD~"}) {
    const auto run = track(fmt::format("{} {}", arguments, tiny_native));
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.errors, "track: 'HEAD~' has no native transport: leave out --transport native\n");
  }
  const auto run = track(fmt::format("compare HEAD~ HEAD --pairs 6 {}", tiny));
  EXPECT_THAT(run.output, HasSubstr("an A/A")) << "fetch_probe is the same program\n" << run.errors;
}

TEST_F(track_command, commits_of_one_program_are_an_a_a) {
  commit(probe, "one");
  commit(probe, "another text, the same program");
  const auto run = track(fmt::format("compare HEAD~ HEAD --pairs 6 {}", tiny));
  EXPECT_THAT(run.output, HasSubstr("one program on both sides: an A/A"));
  EXPECT_TRUE(fs::exists(folder_ / "repo/build/track/noise")) << "noise is kept for the floor";
}

TEST_F(track_command, changed_working_tree_is_compared) {
  if (!counts_heaps()) GTEST_SKIP() << "heaps cannot be counted under a sanitizer";
  const auto id = commit(probe, "one");
  auto text = shell("cat CMakeLists.txt").output;
  text.replace(text.find(probe.string()), probe.string().size(), mutant.string());
  write("CMakeLists.txt", text);
  for (const char* requested : {".", "HEAD"}) {
    const auto run = track(fmt::format("compare HEAD^0 {} --pairs 6 --json {}", requested, tiny));
    EXPECT_EQ(run.exit_code, 1) << run.errors;
    const auto result = nlohmann::json::parse(run.output);
    EXPECT_EQ(result["head"]["commit"], id);
    EXPECT_EQ(result["head"]["dirty"], true);
    EXPECT_EQ(result["base"]["dirty"], false);
  }
}

TEST_F(track_command, commit_that_does_not_build_is_named_with_error) {
  commit(probe, "one");
  commit(probe.string() + "-that-is-not-there", "two");
  const auto run = track(fmt::format("compare HEAD~ HEAD {}", tiny));
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.errors, HasSubstr(git("rev-parse HEAD").substr(0, 12) + " (HEAD) does not build"));
  EXPECT_THAT(run.errors, HasSubstr("-that-is-not-there"));
  EXPECT_THAT(run.errors, HasSubstr(".log"));
  EXPECT_EQ(lines(shell("git worktree list").output), 1);
}

TEST_F(track_command, shallow_clone_error_says_how_to_complete_it) {
  commit(probe, "one");
  commit(probe, "two");
  git("clone -q --depth 1 file://$PWD ../shallow");
  const auto run =
      shell(fmt::format("cd ../shallow && {} compare HEAD~ HEAD {}", (bin / "track").string(), tiny));
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.errors, HasSubstr("shallow: git fetch --unshallow"));
}

TEST_F(track_command, remains_of_a_killed_build_are_removed) {
  commit(probe, "one");
  commit(probe, "two");
  git("worktree add -q --detach build/track/source HEAD~");
  write("build/track/binary/CMakeCache.txt", "of another source");
  const auto run = track(fmt::format("compare HEAD~ HEAD --pairs 6 {}", tiny));
  EXPECT_THAT(run.output, HasSubstr("an A/A")) << run.errors;
}

TEST_F(track_command, gate_applies_accepted_regressions) {
  if (!counts_heaps()) GTEST_SKIP() << "heaps cannot be counted under a sanitizer";
  commit(probe, "one");
  git("checkout -q -b topic");
  const auto worse = commit(mutant, "two");
  const auto arguments = fmt::format("gate --pairs 6 --summary ../summary.md {}", tiny);
  const auto run = track(arguments);
  EXPECT_EQ(run.exit_code, 1) << run.errors;
  std::ifstream file{folder_ / "summary.md"};
  const std::string summary{std::istreambuf_iterator<char>{file}, {}};
  EXPECT_THAT(summary, HasSubstr("got worse: "));
  EXPECT_THAT(summary, HasSubstr("allocations/request"));
  EXPECT_THAT(summary, HasSubstr("allocations/request of coroutines with 2 workers"));
  EXPECT_THAT(run.output, HasSubstr("Regressions")) << "a text table";

  write(
      "results/accepted.json",
      fmt::format(
          R"({{"accepted": [{{"series": "fetch/strategy:coroutines/workers:2/latency_ms:1/page_kb:3/days:6/engine:beast",
          "metric": "allocations_per_request", "commit": "{}", "reason": "on purpose"}}]}})",
          worse));
  const auto accepted = track(fmt::format("gate --pairs 6 --json {}", tiny));
  bool is_accepted = false;
  const auto result = nlohmann::json::parse(accepted.output);
  for (const auto& one : result["findings"])
    is_accepted = is_accepted || one.value("accepted", "") == "on purpose";
  EXPECT_TRUE(is_accepted) << accepted.output;

  write("results/accepted.json", R"({"accepted": [{"series": "fetch/x"}]})");
  const auto wrong = track(arguments);
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.errors, HasSubstr("accepted.json: entry 1 has no 'metric'"));
}

/// Two result files in the test's folder.
class recorded_files : public track_command {
 protected:
  void put(const std::string& name, const std::string& text) const { std::ofstream{folder_ / name} << text; }
  static std::string text_of(double time_ms, char program, const char* member = "subject",
                             const char* value = "now") {
    auto context = made_up_context();
    context["program_sha256"] = std::string(64, program);
    context[member] = value;
    return recorded_text(context, made_up_rows(time_ms));
  }
};

TEST_F(recorded_files, need_no_repository) {
  put("a.json", text_of(50, '1'));
  put("b.json", text_of(60, '2'));
  const auto worse = track("compare ../a.json ../b.json");
  EXPECT_EQ(worse.exit_code, 1) << worse.errors;
  EXPECT_THAT(worse.output, HasSubstr("weaker evidence"));
  EXPECT_EQ(track("compare ../a.json ../a.json").exit_code, 0);
}

TEST_F(recorded_files, of_different_context_give_exit_code_3) {
  put("a.json", text_of(50, '1'));
  for (const char* member : {"machine", "workload", "engine"}) {
    put("b.json", text_of(50, '2', member, "another"));
    const auto run = track("compare ../a.json ../b.json");
    EXPECT_EQ(run.exit_code, 3) << member;
    EXPECT_THAT(run.errors, HasSubstr(std::string{"their "} + member + " differs"));
    EXPECT_EQ(run.output, "");
  }
}

TEST_F(recorded_files, that_are_invalid_give_exit_code_2) {
  put("a.json", text_of(50, '1'));
  const auto whole = text_of(50, '2');
  auto edited = whole;
  edited.replace(edited.find("50.0"), 4, "40.0");
  for (const auto& [text, why] : {std::pair{whole.substr(0, whole.size() / 2), "truncated"},
                                  {std::string{"{\"benchmarks\": []}"}, "no context and benchmarks"},
                                  {edited, "changed after it was recorded"}}) {
    put("b.json", text);
    const auto run = track("compare ../a.json ../b.json");
    EXPECT_EQ(run.exit_code, 2) << why;
    EXPECT_THAT(run.errors, HasSubstr("b.json"));
    EXPECT_THAT(run.errors, HasSubstr(why));
    EXPECT_EQ(run.output, "");
  }
}

/// Recordings of this build's client, in the project's own repository, which has its commit.
class recording : public testing::Test {
 protected:
  recording() {
    std::string pattern = fs::temp_directory_path() / "farebench-record-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    if (this_build().commit == "unknown") skipped_ = "this build is of no git checkout";
  }
  ~recording() override { fs::remove_all(folder_); }
  void SetUp() override {
    if (!skipped_.empty()) GTEST_SKIP() << skipped_;
  }

  test::finished_command record(const std::string& arguments) const {
    return test::run_command(fmt::format("cd {} && {} record --into {} {} --journal {}", FAREBENCH_SOURCE_DIR,
                                         (bin / "track").string(), (folder_ / "runs").string(), arguments,
                                         (folder_ / "journal").string()));
  }

  fs::path folder_;
  std::string skipped_;
};

TEST_F(recording, several_of_one_second_are_all_kept) {
  constexpr int count = 3;
  for (int i = 0; i < count; ++i) EXPECT_EQ(record(tiny).exit_code, 0);
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator{folder_})
    files += entry.path().extension() == ".json" ? 1 : 0;
  EXPECT_EQ(files, count);
}

TEST_F(recording, has_every_repetition_and_a_complete_context) {
  const auto run = record(fmt::format("{} --benchmark_repetitions=3", tiny));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  const auto file = only_result(folder_ / "runs");
  EXPECT_THAT(run.output, HasSubstr(file.filename().string()));
  EXPECT_THAT(file.filename().string(), testing::MatchesRegex("[0-9]{8}T[0-9]{6}Z-[0-9a-f]{12}.json"));
  const auto read = read_recorded_run(file);
  EXPECT_EQ(read.facts.commit, this_build().commit);
  EXPECT_EQ(file.parent_path().filename(), read.facts.machine);
  ASSERT_EQ(read.result.cases.size(), 1u);
  EXPECT_EQ(read.result.cases[0].repetitions.size(), 3u);
  std::ifstream stream{file};
  const auto context = nlohmann::json::parse(stream)["context"];
  for (const char* name :
       {"parents", "dirty", "compiler", "flags", "build_type", "program_sha256", "machine", "load_before",
        "load_after", "steal_percent", "canary", "canary_after", "commit_date", "subject"})
    EXPECT_TRUE(context.contains(name)) << name;
  EXPECT_THAT(context.dump(), Not(HasSubstr(FAREBENCH_SOURCE_DIR)));
  EXPECT_THAT(context.dump(), Not(HasSubstr(folder_.string())));
  EXPECT_FALSE(context.contains("host_name"));
}

TEST_F(recording, is_read_by_compare_py) {
  constexpr const char* compare = "/usr/share/benchmark/compare.py";
  if (!fs::exists(compare)) GTEST_SKIP() << "no " << compare << " (libbenchmark-tools)";
  if (test::run_command("/usr/bin/python3 -c 'import scipy'").exit_code != 0)
    GTEST_SKIP() << "compare.py needs python3-numpy and python3-scipy";
  ASSERT_EQ(record(fmt::format("{} --benchmark_repetitions=3", tiny)).exit_code, 0);
  const auto file = only_result(folder_ / "runs").string();
  const auto run =
      test::run_command(fmt::format("/usr/bin/python3 {} --no-color benchmarks {} {}", compare, file, file));
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_THAT(run.output, HasSubstr("fetch/strategy:coroutines/workers:2"));
}

TEST_F(recording, invalid_bench_flags_leave_no_file) {
  EXPECT_EQ(record("-- --workers 0").exit_code, 2);
  EXPECT_FALSE(fs::exists(folder_ / "runs"));
}

TEST_F(recording, failed_write_keeps_the_old_state) {
  std::ofstream{folder_ / "runs"} << "no folder";
  const auto run = record(tiny);
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.errors, HasSubstr("write "));
  std::ifstream file{folder_ / "runs"};
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>{file}, {}), "no folder");
}

TEST_F(recording, kills_leave_every_file_whole) {
  ASSERT_EQ(chdir(FAREBENCH_SOURCE_DIR), 0);
  // Sanitized recordings are slow.
  constexpr int kills = test::case_step == 1 ? 12 : 4;
  const auto report = kill_recordings(bin / "track", folder_ / "kills", kills);
  EXPECT_EQ(report.kills, kills);
  EXPECT_GE(report.whole, 2);
  EXPECT_EQ(report.broken, 0) << report.first_error;
  EXPECT_EQ(report.abandoned_parts, 0) << "each recording removes the parts of killed ones";
}

}  // namespace
}  // namespace farebench::track
