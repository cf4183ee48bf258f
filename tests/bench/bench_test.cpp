// The bench as its users meet it.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <tuple>

#include "bench/columns.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/child_process.hpp"
#include "tests/support/run_command.hpp"
#include "tests/support/waiting.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using test::hang_deadline;
using test::wait_until;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

/// Two quick cases. Judged on correctness: tests run beside each other, and their server may be late.
constexpr const char* quick = "--smoke --strategies thread_pool,multi_socket --workers 3 --days 6 ";

class bench_command : public testing::Test {
 public:
  ~bench_command() override { fs::remove_all(folder_); }

 protected:
  bench_command() {
    std::string pattern = fs::temp_directory_path() / "farebench-bench-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }

  /// Runs a bench with a journal of its own, so that tests do not meet in one file.
  test::finished_command bench(const std::string& arguments,
                               const fs::path& program = fs::path{FAREBENCH_BIN_DIR} / "bench") {
    return test::run_command(
        fmt::format("cd / && {} --journal {} {}", program.string(), journal().string(), arguments));
  }
  fs::path journal() const { return folder_ / "journal"; }

  fs::path folder_;
};

std::ptrdiff_t lines(const std::string& text) { return std::ranges::count(text, '\n'); }

/// The columns that a row of this build must have: under a sanitizer nothing can count the heap.
std::vector<std::string> columns_of_this_build() {
  auto names = counter_names();
  if (!this_build().sanitizers.empty()) {
    std::erase(names, "heap_peak_bytes");
    std::erase(names, "allocations_per_request");
  }
  return names;
}

TEST_F(bench_command, writes_json_and_nothing_else_to_standard_output) {
  const auto run = bench(fmt::format("{} --benchmark_format=json --benchmark_repetitions=2", quick));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  const auto result = nlohmann::json::parse(run.output);
  EXPECT_EQ(result["benchmarks"].size(), 2u * (2 + 4)) << "two repetitions and four aggregates a case";
  for (const auto& row : result["benchmarks"]) {
    EXPECT_THAT(row["name"].get<std::string>(), testing::StartsWith("fetch/strategy:"));
    // The coefficient of variation of what is always zero is not a number, and so left out.
    if (row.value("aggregate_name", "") == "cv") continue;
    for (const auto& column : columns_of_this_build()) {
      // Lost with the threads of a pool.
      if (column == "run_queue_delay_ms" && row["name"].get<std::string>().contains("thread_pool")) continue;
      EXPECT_TRUE(row.contains(column)) << row["name"] << " lacks " << column;
    }
    EXPECT_FALSE(row.contains("error_occurred")) << row.dump();
  }
  EXPECT_THAT(run.errors, HasSubstr("KiB/worker")) << "the table goes elsewhere";
}

TEST_F(bench_command, rows_hold_what_was_asked_for) {
  const auto run =
      bench("--smoke --strategies multi_socket --workers 3 --days 6 --benchmark_format=json --latency 30ms");
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  const auto row = nlohmann::json::parse(run.output)["benchmarks"][0];
  EXPECT_EQ(row["name"],
            "fetch/strategy:multi_socket/workers:3/latency_ms:30/page_kb:3/days:6/engine:beast/iterations:1/"
            "manual_time");
  EXPECT_GE(row["real_time"], 120) << "two waves of two exchanges of 30 ms";
  EXPECT_GE(row["ideal_ratio"], 1);
  EXPECT_EQ(row["in_flight_peak"], 3);
  EXPECT_EQ(row["errors"], 0);
  EXPECT_GT(row["fares"], 6);
  EXPECT_GT(row["rss_peak_bytes"], row["rss_baseline_bytes"]);
  EXPECT_GE(row["rss_peak_bytes"], row["anon_peak_bytes"]);
}

TEST_F(bench_command, has_no_ideal_at_zero_latency) {
  const auto run = bench(fmt::format("{} --benchmark_format=json --latency 0", quick));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  const auto result = nlohmann::json::parse(run.output);
  for (const auto& row : result["benchmarks"]) EXPECT_FALSE(row.contains("ideal_ratio"));
}

TEST_F(bench_command, says_what_was_measured_with_and_not_where) {
  const auto run = bench(fmt::format("{} --benchmark_format=json", quick));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  const auto context = nlohmann::json::parse(run.output)["context"];
  for (const char* key : {"commit", "dirty", "build_type", "compiler", "flags", "libcurl", "cpp-httplib",
                          "kernel", "cpu_model", "engine"}) {
    EXPECT_TRUE(context.contains(key)) << key;
  }
  EXPECT_FALSE(context.contains("host_name"));
  EXPECT_FALSE(context.contains("seed")) << "a fixed latency has no use for one";
  EXPECT_THAT(context.dump(), Not(HasSubstr(FAREBENCH_BIN_DIR)));
  EXPECT_THAT(context.dump(), Not(HasSubstr(folder_.string())));
  EXPECT_EQ(context.contains("warning"), !this_build().is_fit_for_measuring());
}

TEST_F(bench_command, writes_csv_of_which_every_line_has_the_same_cells) {
  const auto run = bench(fmt::format("{} --benchmark_format=csv --latency 0", quick));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  std::istringstream text{run.output};
  std::string header;
  std::getline(text, header);
  for (const auto& column : counter_names()) EXPECT_THAT(header, HasSubstr(column));
  std::ptrdiff_t rows = 0;
  for (std::string line; std::getline(text, line); ++rows) {
    EXPECT_EQ(std::ranges::count(line, ','), std::ranges::count(header, ',')) << line;
  }
  EXPECT_EQ(rows, 2);
}

TEST_F(bench_command, writes_the_file_that_was_asked_for_beside_its_display) {
  const auto file = folder_ / "out.json";
  const auto run = bench(fmt::format("{} --benchmark_out={}", quick, file.string()));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  std::ifstream written{file};
  EXPECT_EQ(nlohmann::json::parse(written)["benchmarks"].size(), 2u);
  EXPECT_THAT(run.output, HasSubstr("KiB/worker")) << "the table ends a console run";
}

/// The curves of a bench's file.
nlohmann::json curves_in(const fs::path& file) {
  return nlohmann::json::parse(std::ifstream{file})["curves"];
}

TEST_F(bench_command, writes_each_repetitions_memory_over_time_beside_the_result) {
  const auto run = bench(fmt::format("{} --latency 10ms --benchmark_repetitions=2 --benchmark_out={}", quick,
                                     (folder_ / "out.json").string()));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  const auto result = nlohmann::json::parse(std::ifstream{folder_ / "out.json"});
  const auto curves = curves_in(folder_ / "out.timeline.json");
  ASSERT_EQ(curves.size(), 4u);
  for (const auto& curve : curves) {
    const auto row = std::ranges::find_if(result["benchmarks"], [&](const auto& one) {
      return one["run_name"] == curve["name"].get<std::string>() + "/iterations:1/manual_time" &&
             one["run_type"] == "iteration" && one["repetition_index"] == curve["repetition"];
    });
    ASSERT_NE(row, result["benchmarks"].end()) << curve["name"];
    std::vector<double> moments;
    for (const char* phase : {"ready", "go", "half_done", "last_outcome", "exit"})
      moments.push_back(curve["phases_ms"].at(phase));
    EXPECT_TRUE(std::ranges::is_sorted(moments)) << curve["phases_ms"];
    EXPECT_EQ(moments[1], 0);
    EXPECT_GE(moments[2], 20) << "two exchanges of 10 ms before any outcome";
    EXPECT_GE(moments[3] + 0.02, (*row)["real_time"]) << "which begins when the client has heard go";

    const auto& points = curve["points"];
    const auto samples = curve["samples"].get<std::size_t>();
    ASSERT_GE(points.size(), 3u);
    EXPECT_LE(points.size(), std::min<std::size_t>(samples, 400));
    EXPECT_NEAR(points.front()[0], moments[0], 0.011) << "the first is the baseline";
    EXPECT_LE(points.back()[0], moments[4]);
    EXPECT_GE(points.back()[0], moments[3]) << "it goes on beyond the last outcome";
    double peak_kib = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (i > 0) {
        EXPECT_GE(points[i][0], points[i - 1][0]);
      }
      peak_kib = std::max(peak_kib, points[i][1].get<double>());
    }
    constexpr double batching_kib = 1024;  // the kernel counts pages in batches a CPU
    EXPECT_LE(peak_kib, (*row)["rss_peak_bytes"].get<double>() / 1024 + batching_kib);
    EXPECT_NEAR(points.front()[1], (*row)["rss_baseline_bytes"].get<double>() / 1024, batching_kib);
    EXPECT_EQ(curve["sampler_cpu_share"], (*row)["sampler_cpu_share"]);
    EXPECT_GT(curve["sampler_cpu_share"], 0);
  }
}

TEST_F(bench_command, samples_on_schedule_as_often_as_asked) {
  const auto file = folder_ / "curves";
#if defined(__SANITIZE_ADDRESS__)
  // The sampler is slower there, and a slow sampler samples less often.
  constexpr int many = 8;
#else
  constexpr int many = 30;
#endif
  for (const auto& [every, every_ms, least] : {std::tuple{"500us", 0.5, many}, std::tuple{"1s", 1000.0, 3}}) {
    const auto run = bench(fmt::format(
        "--smoke --strategies sequential --days 2 --latency 500ms --timeline {} --sample-every {}",
        file.string(), every));
    ASSERT_EQ(run.exit_code, 0) << run.errors;
    const auto curves = curves_in(file);
    ASSERT_EQ(curves.size(), 1u);
    EXPECT_GE(curves[0]["samples"], least) << every << ": a quiet machine has 4,000 in 2 s";
    EXPECT_LE(curves[0]["samples"], 3 + curves[0]["phases_ms"]["exit"].get<double>() / every_ms)
        << every << ": and at ready, at the report, at exit";
  }
}

TEST_F(bench_command, writes_no_curves_where_there_is_nothing_to_be_beside) {
  ASSERT_EQ(bench(quick).exit_code, 0);
  ASSERT_EQ(bench(fmt::format("{} --benchmark_out=/dev/null", quick)).exit_code, 0);
  for (const auto& left : fs::directory_iterator{folder_})
    EXPECT_THAT(left.path().filename().string(), testing::StartsWith("journal"));
  EXPECT_EQ(bench(fmt::format("{} --timeline /dev/full", quick)).exit_code, 1);
  EXPECT_EQ(bench(fmt::format("{} --timeline {}/no/such/folder", quick, folder_.string())).exit_code, 1);
}

TEST_F(bench_command, follows_a_link_to_the_file_that_was_asked_for) {
  fs::create_symlink(folder_ / "real.json", folder_ / "link.json");
  const auto run = bench(fmt::format("{} --benchmark_out={}", quick, (folder_ / "link.json").string()));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_TRUE(fs::is_symlink(folder_ / "link.json"));
  std::ifstream written{folder_ / "real.json"};
  EXPECT_EQ(nlohmann::json::parse(written)["benchmarks"].size(), 2u);
}

TEST_F(bench_command, writes_into_a_pipe_and_leaves_it_one) {
  const auto pipe = folder_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const auto run = bench(
      fmt::format("{} --benchmark_out={} >/dev/null & cat {}; wait", quick, pipe.string(), pipe.string()));
  EXPECT_TRUE(nlohmann::json::accept(run.output)) << run.output;
  EXPECT_TRUE(fs::is_fifo(pipe));
}

TEST_F(bench_command, fails_when_a_result_cannot_be_written) {
  EXPECT_EQ(bench(fmt::format("{} --benchmark_out=/dev/full", quick)).exit_code, 1);
  EXPECT_EQ(bench(fmt::format("{} --benchmark_format=json >/dev/full", quick)).exit_code, 1);
  EXPECT_EQ(bench(fmt::format("{} --benchmark_format=json >&-", quick)).exit_code, 1);
  EXPECT_EQ(bench(fmt::format("{} --benchmark_out={}/no/such/folder", quick, folder_.string())).exit_code, 1);
}

TEST_F(bench_command, ends_as_it_would_when_standard_error_cannot_be_written) {
  for (const char* errors : {"2>&-", "2>/dev/full"}) {
    EXPECT_EQ(bench(fmt::format("{} {}", quick, errors)).exit_code, 0) << errors;
    EXPECT_EQ(bench(fmt::format("--latency soon {}", errors)).exit_code, 2) << errors;
  }
}

TEST_F(bench_command, filters_by_the_names_that_google_benchmark_prints) {
  const auto run =
      bench(fmt::format("{} --benchmark_format=json '--benchmark_filter=multi_socket.*manual_time$'", quick));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_EQ(nlohmann::json::parse(run.output)["benchmarks"].size(), 1u);
  EXPECT_EQ(bench(fmt::format("{} '--benchmark_filter=days:6$'", quick)).exit_code, 2) << "no name ends so";
}

TEST_F(bench_command, killed_leaves_the_older_result_as_it_was) {
  const auto file = folder_ / "out.json";
  std::ofstream{file} << "older";
  child_process running{{.executable = fs::path{FAREBENCH_BIN_DIR} / "bench",
                         .arguments = {"--smoke", "--latency", "1s", "--journal", journal(),
                                       "--benchmark_out=" + file.string()}}};
  ASSERT_TRUE(wait_until([&] { return fs::exists(file.string() + ".partial"); }));
  kill(running.pid(), SIGKILL);
  ASSERT_TRUE(running.wait(hang_deadline));
  std::string kept;
  std::ifstream{file} >> kept;
  EXPECT_EQ(kept, "older");
}

/// Bench that is interrupted while it measures.
class interrupted_bench : public bench_command {
 protected:
  /// Starts a bench whose repetitions take four latencies for every three days.
  child_process start(const std::string& latency, std::size_t days = 6) {
    const auto command = fmt::format(
        "exec {} --smoke --strategies multi_socket,thread_pool --workers 3 --days {} --latency {} --journal "
        "{} "
        "--benchmark_repetitions=100 --benchmark_out={} 2>{}",
        (fs::path{FAREBENCH_BIN_DIR} / "bench").string(), days, latency, journal().string(), file().string(),
        errors_file().string());
    return child_process{{.executable = "/bin/sh", .arguments = {"-c", command}}};
  }
  fs::path file() const { return folder_ / "out.json"; }
  fs::path errors_file() const { return folder_ / "errors"; }
  std::string errors() const {
    std::ifstream in{errors_file()};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  std::ptrdiff_t rows_in_journal() const {
    std::ifstream in{journal()};
    return std::max<std::ptrdiff_t>(std::count(std::istreambuf_iterator<char>{in}, {}, '\n') - 1, 0);
  }
  /// Returns whether a process has a running child whose program has this name.
  static bool has_child(pid_t parent, const std::string& name) {
    return std::ranges::any_of(fs::directory_iterator{"/proc"}, [&](const auto& process) {
      std::ifstream in{process.path() / "stat"};
      std::string text;
      std::getline(in, text);
      return text.contains(fmt::format(" ({}) S {} ", name, parent));
    });
  }
};

TEST_F(interrupted_bench, writes_the_rows_so_far_and_marks_them) {
  auto running = start("20ms");
  ASSERT_TRUE(wait_until([&] { return rows_in_journal() >= 3; }));
  kill(running.pid(), SIGINT);
  std::string shown;
  while (true) {
    const auto next = running.read_line(hang_deadline);
    if (next.status != child_process::read_status::line) break;
    shown += next.line + '\n';
  }
  const auto ended = running.wait(hang_deadline);
  ASSERT_TRUE(ended && WIFEXITED(*ended));
  EXPECT_EQ(WEXITSTATUS(*ended), 130);
  EXPECT_THAT(shown, HasSubstr("KiB/worker")) << "the table is shown";
  EXPECT_THAT(errors(), HasSubstr("rows were measured"));
  std::ifstream written{file()};
  const auto result = nlohmann::json::parse(written);
  EXPECT_TRUE(result["context"].contains("interrupted"));
  const auto rows = std::ranges::count_if(result["benchmarks"],
                                          [](const auto& row) { return row["run_type"] == "iteration"; });
  EXPECT_EQ(rows, rows_in_journal());
  for (const auto& row : result["benchmarks"]) EXPECT_FALSE(row.contains("error_occurred")) << row.dump();
}

TEST_F(interrupted_bench, gives_up_what_takes_too_long) {
  auto running = start("9s", 60);
  ASSERT_TRUE(wait_until([&] { return has_child(running.pid(), "fetch_probe"); }));
  kill(running.pid(), SIGINT);
  const auto ended = running.wait(hang_deadline);
  ASSERT_TRUE(ended && WIFEXITED(*ended)) << "a repetition takes 6 minutes";
  EXPECT_EQ(WEXITSTATUS(*ended), 130);
  EXPECT_FALSE(fs::exists(file())) << "there is nothing to write";
  EXPECT_FALSE(fs::exists(file().string() + ".partial"));
}

TEST_F(interrupted_bench, twice_ends_at_once) {
  auto running = start("9s", 60);
  ASSERT_TRUE(wait_until([&] { return has_child(running.pid(), "fetch_probe"); }));
  kill(running.pid(), SIGINT);
  ASSERT_TRUE(wait_until([&] { return errors().contains("once more ends at once"); }));
  kill(running.pid(), SIGINT);
  const auto ended = running.wait(hang_deadline);
  ASSERT_TRUE(ended && WIFEXITED(*ended));
  EXPECT_EQ(WEXITSTATUS(*ended), 130);
  EXPECT_TRUE(fs::exists(file().string() + ".partial")) << "it ends without cleaning up";
}

TEST_F(bench_command, smoke_runs_every_strategy) {
  const auto run = bench("--smoke");
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  for (const char* strategy : {"sequential", "thread_pool", "multi_socket", "raw_epoll", "×floor"})
    EXPECT_THAT(run.output, HasSubstr(strategy));
}

TEST_F(bench_command, refuses_bad_flags_before_anything_starts) {
  for (const char* bad : {"--strategies pigeon",
                          "--latency 20",
                          "--latency uniform:3ms-1ms",
                          "--latency lognormal:1ms,p99=10s",
                          "--seed -1",
                          "--sample-every 10us",
                          "--sample-every 2",
                          "--benchmark_out=same.json --timeline same.json",
                          "--workload heavy",
                          "--workers 0",
                          "--engine steam",
                          "--workers 300 --engine cpp-httplib",
                          "--workers 10001",
                          "--workload scale --strategies sequential",
                          "--nonsense",
                          "--benchmark_format=xml",
                          "--benchmark_repetitions=many",
                          "--benchmark_filter=nothing_has_this_name",
                          "'--benchmark_filter=('",
                          "--benchmark_color=",
                          "--benchmark_list_tests=0",
                          "--benchmark_time_unit=weeks",
                          "--benchmark_nonsense=1"}) {
    const auto run = bench(bad);
    EXPECT_EQ(run.exit_code, 2) << bad << ": " << run.errors;
    EXPECT_EQ(lines(run.errors), 1) << bad << ": " << run.errors;
    EXPECT_EQ(run.output, "") << bad;
    EXPECT_FALSE(fs::exists(journal())) << bad;
  }
}

TEST_F(bench_command, help_shows_examples_our_flags_the_columns_and_google_benchmarks_flags) {
  const auto run = bench("--help");
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.output, testing::StartsWith("Examples:"));
  for (const char* text :
       {"--workload", "--sample-every", "run.timeline.json", "sampler_cpu_share", "lognormal:20ms,p99=80ms",
        "--seed", "kernel_estimate_bytes", "22 KiB", "Exit codes", "--benchmark_filter"}) {
    EXPECT_THAT(run.output, HasSubstr(text));
  }
}

TEST_F(bench_command, lists_its_cases_without_running_them) {
  const auto run = bench(fmt::format("{} --benchmark_list_tests", quick));
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(lines(run.output), 2) << run.output;
  EXPECT_FALSE(fs::exists(journal()));
}

TEST_F(bench_command, names_the_engine_in_every_result) {
  const auto run = bench("--smoke --strategies raw_epoll --workers 3 --engine beast --benchmark_format=json");
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  const auto result = nlohmann::json::parse(run.output);
  EXPECT_EQ(result["context"]["engine"], "beast");
  EXPECT_EQ(result["benchmarks"][0]["label"], "engine: beast");
  EXPECT_THAT(result["benchmarks"][0]["name"].get<std::string>(), HasSubstr("/engine:beast"));
}

TEST_F(bench_command, scale_holds_every_worker_in_flight_and_ends_with_the_fit) {
  // Its exit code is not looked at: on a busy machine a server is late, and rows rightly fail.
  const auto run =
      bench("--workload scale --strategies sequential,raw_epoll --workers 3,300 --benchmark_repetitions=1");
  EXPECT_THAT(run.errors, HasSubstr("sequential is left out of scale"));
  EXPECT_THAT(run.output, HasSubstr("300 burst"));
  EXPECT_THAT(run.output, HasSubstr("300 hold"));
  EXPECT_THAT(run.output, HasSubstr("KiB/worker, fitted"));
  EXPECT_THAT(run.output, Not(HasSubstr("wrong answers")));
}

/// A folder with the real programs but for a client of the test's own.
class bench_with_another_client : public bench_command {
 protected:
  /// `after_go`: what the client, a shell script, does once it may run its batch.
  fs::path bench_with_client(const std::string& after_go) {
    const fs::path bin{FAREBENCH_BIN_DIR};
    for (const char* name : {"bench", "mock_server", "libheap_count.so"})
      fs::copy_file(bin / name, folder_ / name);
    std::ofstream{folder_ / "fetch_probe"} << "#!/bin/sh\n"
                                           << "[ \"$1\" = --version ] && exec "
                                           << (bin / "fetch_probe").string() << " --version\n"
                                           << "echo 'farebench-probe 1 ready'\nread go\n"
                                           << after_go << "\nread exit\n";
    fs::permissions(folder_ / "fetch_probe", fs::perms::owner_all);
    return folder_ / "bench";
  }
};

constexpr const char* lie =
    R"(echo '{"wall_ms":1000,"cpu_us":1,"context_switches":1,"outcomes":6,"fares":1,"fares_digest":1,"errors":0,"first_errors":[],"scrape_p50_ms":1,"scrape_p99_ms":1}')";

TEST_F(bench_with_another_client, fails_a_row_of_wrong_answers_and_keeps_its_columns) {
  const auto program = bench_with_client(lie);
  const auto run =
      bench("--smoke --strategies multi_socket --workers 3 --benchmark_format=json --benchmark_repetitions=2",
            program);
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.errors, HasSubstr("2 of 2 rows failed"));
  const auto result = nlohmann::json::parse(run.output);
  for (const auto& row : result["benchmarks"]) {
    EXPECT_EQ(row["error_occurred"], true);
    if (row["run_type"] == "iteration") {
      EXPECT_EQ(row["fares"], 1);
    }
  }
  EXPECT_THAT(result["benchmarks"][0]["error_message"].get<std::string>(),
              HasSubstr("wrong answers: 1 fares, the site holds"));
}

TEST_F(bench_with_another_client, keeps_the_curve_of_a_failed_row_with_the_phases_that_its_client_tells) {
  // An older commit's: it speaks the same protocol, and tells no moments.
  const auto file = folder_ / "curves";
  const auto run = bench(fmt::format("{} --timeline {}", quick, file.string()), bench_with_client(lie));
  EXPECT_EQ(run.exit_code, 1);
  const auto curves = curves_in(file);
  ASSERT_EQ(curves.size(), 2u);
  for (const auto& curve : curves) {
    EXPECT_EQ(curve["phases_ms"].size(), 3u) << curve["phases_ms"];
    for (const char* phase : {"ready", "go", "exit"}) EXPECT_TRUE(curve["phases_ms"].contains(phase));
    EXPECT_GE(curve["points"].size(), 2u);
  }
}

TEST_F(bench_with_another_client, has_no_curve_of_a_row_without_a_measurement) {
  const auto file = folder_ / "curves";
  const auto run = bench(fmt::format("{} --timeline {}", quick, file.string()), bench_with_client("exit 3"));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(curves_in(file).size(), 0u);
}

TEST_F(bench_with_another_client, fails_a_row_whose_strategy_cannot_run_says_why_and_goes_on) {
  const auto program = bench_with_client("echo 'failed pthread_create: Resource temporarily unavailable'");
  const auto run = bench(quick, program);
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.output, HasSubstr("the strategy could not run: pthread_create: Resource temporarily"));
  EXPECT_THAT(run.errors, HasSubstr("2 of 2 rows failed"));
}

TEST_F(bench_with_another_client, fails_a_row_whose_client_dies_and_goes_on) {
  const auto program = bench_with_client("kill -9 $$");
  const auto run = bench(quick, program);
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.output, HasSubstr("the client was killed by signal 9 during its batch"));
  EXPECT_THAT(run.errors, HasSubstr("2 of 2 rows failed"));
}

TEST_F(bench_with_another_client, fails_a_row_whose_client_talks_nonsense) {
  const auto program = bench_with_client("echo nonsense");
  const auto run = bench(quick, program);
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.output, HasSubstr("not a batch report"));
}

TEST_F(bench_command, names_the_sibling_that_is_missing) {
  fs::copy_file(fs::path{FAREBENCH_BIN_DIR} / "bench", folder_ / "bench");
  const auto run = bench("", folder_ / "bench");
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(lines(run.errors), 1);
  EXPECT_THAT(run.errors, HasSubstr("mock_server"));
}

TEST_F(bench_command, killed_has_lost_no_finished_row) {
  child_process running{
      {.executable = fs::path{FAREBENCH_BIN_DIR} / "bench",
       .arguments = {"--smoke", "--strategies", "multi_socket", "--workers", "1,2,3,4,5", "--days", "20",
                     "--benchmark_repetitions=20", "--benchmark_format=json", "--journal", journal(),
                     "--timeline", folder_ / "curves"},
       .environment = {},
       .inherited_descriptors = {}}};
  const auto rows = [&] {
    std::ifstream file{journal()};
    std::vector<std::string> out;
    for (std::string line; std::getline(file, line);) out.push_back(line);
    return out;
  };
  ASSERT_TRUE(wait_until([&] { return rows().size() >= 6; }));
  const auto finished = rows().size();
  kill(running.pid(), SIGKILL);
  ASSERT_TRUE(running.wait(hang_deadline));

  const auto kept = rows();
  EXPECT_GE(kept.size(), finished);
  for (const auto& line : kept) EXPECT_TRUE(nlohmann::json::accept(line)) << line;
  const auto row = nlohmann::json::parse(kept.back());
  EXPECT_THAT(row["name"].get<std::string>(), HasSubstr("multi_socket"));
  std::ostringstream curves;
  curves << std::ifstream{folder_ / "curves.partial"}.rdbuf();
  const auto left = nlohmann::json::parse(curves.str() + "]}");
  EXPECT_GE(left["curves"].size() + 1, kept.size()) << "and no curve of it";
  EXPECT_GT(row["columns"]["fares"], 0);
}

}  // namespace
}  // namespace farebench
