// The program bench.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "bench/clients/clients.hpp"
#include "bench/columns.hpp"
#include "bench/output/text_table.hpp"
#include "farebench/libcurl.hpp"
#include "farebench/native.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/child_process.hpp"
#include "lib/system/cpu_limits.hpp"
#include "lib/system/host_identity.hpp"
#include "tests/bench/scratch_folder.hpp"
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

/// Two quick cases. Lateness of the server is ignored, because tests run in parallel.
constexpr const char* quick = "--smoke --strategies thread_pool,multi_socket --workers 3 --days 6 ";

class bench_command : public testing::Test {
 protected:
  /// Runs a bench with its own journal.
  test::finished_command bench(const std::string& arguments,
                               const fs::path& program = fs::path{FAREBENCH_BIN_DIR} / "bench") {
    return test::run_command(
        fmt::format("cd / && {} --journal {} {}", program.string(), journal().string(), arguments));
  }
  fs::path journal() const { return folder_ / "journal"; }

  scratch_folder folder_;
};

std::ptrdiff_t lines(const std::string& text) { return std::ranges::count(text, '\n'); }

/// Returns the columns of this build and machine: with sanitizers, the heap cannot be counted.
std::vector<std::string> columns_of_this_build() {
  auto names = counter_names();
  if (!this_build().sanitizers.empty()) {
    std::erase(names, "heap_peak_bytes");
    std::erase(names, "allocations_per_request");
  }
  if (!throttled_time()) std::erase(names, "throttled_share");
  return names;
}

TEST_F(bench_command, json_is_all_of_standard_output) {
  const auto run = bench(fmt::format("{} --benchmark_format=json --benchmark_repetitions=2", quick));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  const auto result = nlohmann::json::parse(run.output);
  EXPECT_EQ(result["benchmarks"].size(), 2u * (2 + 4)) << "two repetitions and four aggregates per case";
  for (const auto& row : result["benchmarks"]) {
    EXPECT_THAT(row["name"].get<std::string>(), testing::StartsWith("fetch/strategy:"));
    const auto aggregate = row.value("aggregate_name", "");
    EXPECT_EQ(row.contains("item_histogram"), aggregate.empty()) << row["name"];
    // A coefficient of variation of zeros is not a number.
    if (aggregate == "cv") continue;
    for (const auto& column : columns_of_this_build()) {
      // Lost with the threads of a pool.
      if (column == "run_queue_delay_ms" && row["name"].get<std::string>().contains("thread_pool")) continue;
      const bool is_percentile = column.contains("_p50_") || column.contains("_p99_");
      const bool is_average = !aggregate.empty() && aggregate != "median";
      EXPECT_EQ(row.contains(column), !(is_percentile && is_average)) << row["name"] << " " << column;
    }
    EXPECT_FALSE(row.contains("error_occurred")) << row.dump();
  }
  EXPECT_THAT(run.errors, HasSubstr("KiB/worker")) << "the summary";
}

TEST_F(bench_command, row_has_the_requested_parameters) {
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

TEST_F(bench_command, zero_latency_has_no_ideal) {
  const auto run = bench(fmt::format("{} --benchmark_format=json --latency 0", quick));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  const auto result = nlohmann::json::parse(run.output);
  for (const auto& row : result["benchmarks"]) EXPECT_FALSE(row.contains("ideal_ratio"));
}

TEST_F(bench_command, context_has_build_but_no_host_or_path) {
  const auto run = bench(fmt::format("{} --benchmark_format=json", quick));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  const auto context = nlohmann::json::parse(run.output)["context"];
  for (const char* key : {"commit", "dirty", "build_type", "compiler", "flags", "libcurl", "cpp-httplib",
                          "os", "kernel", "cpu_model", "usable_cpus", "engine"}) {
    EXPECT_TRUE(context.contains(key)) << key;
  }
  EXPECT_FALSE(context.contains("host_name"));
  EXPECT_FALSE(context.contains("seed")) << "the latency is fixed";
  for (const char* key : {"date", "executable", "num_cpus", "mhz_per_cpu", "caches", "load_avg"})
    EXPECT_TRUE(context.contains(key)) << key;
  EXPECT_FALSE(context.contains("library_build_type")) << "Debian's";
  std::array<char, 256> host{};
  ASSERT_EQ(gethostname(host.data(), host.size() - 1), 0);
  for (const auto& [key, value] : context.items()) EXPECT_NE(value, host.data()) << key;
  EXPECT_THAT(context.dump(), Not(HasSubstr(FAREBENCH_BIN_DIR)));
  EXPECT_THAT(context.dump(), Not(HasSubstr(folder_.path().string())));
  EXPECT_EQ(context.contains("warning"), !this_build().is_fit_for_measuring());
}

TEST_F(bench_command, csv_lines_have_equal_cells) {
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

TEST_F(bench_command, result_file_is_written_beside_the_display) {
  const auto file = folder_ / "out.json";
  const auto run = bench(fmt::format("{} --benchmark_out={}", quick, file.string()));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  std::ifstream written{file};
  EXPECT_EQ(nlohmann::json::parse(written)["benchmarks"].size(), 2u);
  EXPECT_THAT(run.output, HasSubstr("KiB/worker")) << "the summary";
}

/// The curves of a bench's file.
nlohmann::json curves_in(const fs::path& file) {
  return nlohmann::json::parse(std::ifstream{file})["curves"];
}

TEST_F(bench_command, progress_is_a_line_per_case_off_a_terminal) {
  const auto run = bench(fmt::format("{} --benchmark_repetitions=2", quick));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_THAT(run.errors, HasSubstr("[1/2] "));
  EXPECT_THAT(run.errors,
              testing::ContainsRegex("thread_pool, 3 workers  +[0-9.]+ ms ±[0-9.]+ % +CPU +[0-9.]+ "
                                     "µs/request +[0-9.]+ MiB\n"));
  EXPECT_TRUE(std::ranges::none_of(run.errors, [](char c) { return c == '\r' || c == '\x1b'; }))
      << run.errors;
  EXPECT_THAT(run.output, Not(HasSubstr("fetch/"))) << "no rows";
  EXPECT_THAT(run.output, HasSubstr("KiB/worker")) << "the summary";
}

/// Bench whose standard streams are a terminal with a number of columns.
class bench_on_terminal : public bench_command {
 protected:
  void SetUp() override {
    if (test::run_command("script --quiet --return --command true /dev/null </dev/null").exit_code != 0)
      GTEST_SKIP() << "needs the program script and a pseudo-terminal";
  }
  test::finished_command bench_on(std::string_view terminal, std::size_t columns) {
    const auto command = fmt::format("stty cols {}; {}/bench --journal {} {} --benchmark_repetitions=2",
                                     columns, FAREBENCH_BIN_DIR, journal().string(), quick);
    return test::run_command(fmt::format(
        "TERM={} script --quiet --return --command '{}' /dev/null </dev/null", terminal, command));
  }
  /// Returns what the terminal showed as a line at any time, without messages such as warnings of the build.
  static std::vector<std::string> shown_lines(const std::string& output) {
    std::vector<std::string> lines(1);
    for (const char c : output) {
      if (c == '\n' || c == '\r') {
        lines.emplace_back();
      } else {
        lines.back() += c;
      }
    }
    for (auto& line : lines) {
      if (line.starts_with("\x1b[K")) line.erase(0, 3);
    }
    std::erase_if(lines, [](const std::string& line) { return line.starts_with("bench: "); });
    return lines;
  }
};

TEST_F(bench_on_terminal, cases_stay_and_the_current_one_is_erased) {
  const auto run = bench_on("xterm", 70);
  ASSERT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(run.output,
              testing::ContainsRegex("\r\x1b\\[K\\[1/4\\] .*, repetition 1 of 2, about .* left\r\x1b\\[K"));
  EXPECT_THAT(run.output, testing::ContainsRegex("\x1b\\[K\\[2/2\\] .* ms .* MiB\r\n"));
  for (const auto& line : shown_lines(run.output)) {
    EXPECT_LE(text_width(line), 70u) << line;
    EXPECT_THAT(line, Not(HasSubstr("\x1b"))) << "nothing but the erasure of a line";
  }
}

TEST_F(bench_on_terminal, tiny_one_has_no_longer_lines) {
  const auto run = bench_on("xterm", 20);
  ASSERT_EQ(run.exit_code, 0) << run.output;
  for (const auto& line : shown_lines(run.output)) {
    if (line.contains(" left")) {
      EXPECT_LT(text_width(line), 20u) << line;
    }
  }
}

TEST_F(bench_on_terminal, dumb_one_has_cases_only) {
  const auto run = bench_on("dumb", 120);
  ASSERT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(run.output, Not(HasSubstr("\x1b")));
  EXPECT_THAT(shown_lines(run.output), testing::Contains(testing::StartsWith("[1/2] ")));
  EXPECT_THAT(run.output, Not(HasSubstr(" left")));
}

TEST_F(bench_command, rows_are_shown_on_request) {
  for (const char* request : {"--verbose", "--benchmark_format=console"}) {
    const auto run = bench(fmt::format("{} {}", quick, request));
    ASSERT_EQ(run.exit_code, 0) << run.errors;
    EXPECT_THAT(run.output, HasSubstr("fetch/strategy:thread_pool/"));
    EXPECT_THAT(run.errors, HasSubstr("build_type: "));
    EXPECT_THAT(run.errors, Not(HasSubstr("[1/2]")));
  }
}

TEST_F(bench_command, sorted_table_may_be_markdown) {
  const auto run = bench(fmt::format("{} --sort name --table markdown", quick));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_THAT(run.output,
              testing::MatchesRegex("\\| strategy +\\| workers \\|.*\n\\| :-+ \\| :-+ \\|.*\n"
                                    "\\| multi_socket \\| 3 +\\|.*\n\\| thread_pool +\\| 3 +\\|.*"));
  EXPECT_THAT(run.output, HasSubstr("\n\nFastest"));
  const auto beside_json = bench(fmt::format("{} --table markdown --benchmark_format=json", quick));
  EXPECT_TRUE(nlohmann::json::accept(beside_json.output));
  EXPECT_THAT(beside_json.errors, HasSubstr("\n| thread_pool "));
}

TEST_F(bench_command, aggregates_may_hide_repetitions_on_the_display) {
  const auto file = folder_ / "out.json";
  const auto run = bench(
      fmt::format("{} --benchmark_format=json --benchmark_repetitions=2 --benchmark_display_aggregates_only "
                  "--benchmark_out={}",
                  quick, file.string()));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_EQ(nlohmann::json::parse(run.output)["benchmarks"].size(), 2u * 4);
  EXPECT_EQ(nlohmann::json::parse(std::ifstream{file})["benchmarks"].size(), 2u * (2 + 4));
}

TEST_F(bench_command, context_has_the_users_pairs) {
  const auto run = bench(fmt::format("{} --benchmark_format=json --benchmark_context=note=quiet", quick));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_EQ(nlohmann::json::parse(run.output)["context"]["note"], "quiet");
  for (const char* key :
       {"days", "workload", "commit", "date", "seed", "interrupted", "host_name", "cpu_quota"}) {
    const auto refused = test::run_command(
        fmt::format("BENCHMARK_CONTEXT=a=b,{}=1 {}/bench {}", key, FAREBENCH_BIN_DIR, quick));
    EXPECT_EQ(refused.exit_code, 2) << key;
    EXPECT_THAT(refused.errors, HasSubstr(key));
    EXPECT_EQ(lines(refused.errors), 1) << refused.errors;
    EXPECT_EQ(refused.output, "");
  }
}

TEST_F(bench_command, timeline_is_written_beside_the_result) {
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

TEST_F(bench_command, sample_every_sets_the_number_of_samples) {
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

TEST_F(bench_command, no_result_file_means_no_timeline) {
  ASSERT_EQ(bench(quick).exit_code, 0);
  ASSERT_EQ(bench(fmt::format("{} --benchmark_out=/dev/null", quick)).exit_code, 0);
  for (const auto& left : fs::directory_iterator{folder_.path()})
    EXPECT_THAT(left.path().filename().string(), testing::StartsWith("journal"));
  EXPECT_EQ(bench(fmt::format("{} --timeline /dev/full", quick)).exit_code, 1);
  EXPECT_EQ(bench(fmt::format("{} --timeline {}/no/such/folder", quick, folder_.path().string())).exit_code,
            1);
}

TEST_F(bench_command, symbolic_link_to_the_result_is_followed) {
  fs::create_symlink(folder_ / "real.json", folder_ / "link.json");
  const auto run = bench(fmt::format("{} --benchmark_out={}", quick, (folder_ / "link.json").string()));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_TRUE(fs::is_symlink(folder_ / "link.json"));
  std::ifstream written{folder_ / "real.json"};
  EXPECT_EQ(nlohmann::json::parse(written)["benchmarks"].size(), 2u);
}

TEST_F(bench_command, result_may_be_a_pipe) {
  const auto pipe = folder_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const auto run = bench(
      fmt::format("{} --benchmark_out={} >/dev/null & cat {}; wait", quick, pipe.string(), pipe.string()));
  EXPECT_TRUE(nlohmann::json::accept(run.output)) << run.output;
  EXPECT_TRUE(fs::is_fifo(pipe));
}

TEST_F(bench_command, unwritable_result_is_exit_code_1) {
  EXPECT_EQ(bench(fmt::format("{} --benchmark_out=/dev/full", quick)).exit_code, 1);
  EXPECT_EQ(bench(fmt::format("{} --benchmark_format=json >/dev/full", quick)).exit_code, 1);
  EXPECT_EQ(bench(fmt::format("{} --benchmark_format=json >&-", quick)).exit_code, 1);
  EXPECT_EQ(
      bench(fmt::format("{} --benchmark_out={}/no/such/folder", quick, folder_.path().string())).exit_code,
      1);
}

TEST_F(bench_command, full_standard_output_gives_its_reason) {
  const auto run = bench(fmt::format("{} --benchmark_format=json >/dev/full", quick));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.errors, HasSubstr("bench: write standard output: No space left on device\n"));
}

TEST_F(bench_command, closed_pipe_ends_quietly_after_files_are_written) {
  const auto out = (folder_ / "out.json").string();
  // A pipe whose reader has ended before the bench begins.
  const auto run = test::run_command(
      fmt::format("bash -c 'exec 3> >(exit); wait $!; {}/bench {} --journal {} --benchmark_out={} >&3'",
                  FAREBENCH_BIN_DIR, quick, journal().string(), out));
  EXPECT_EQ(run.exit_code, 141) << run.errors;
  EXPECT_THAT(run.errors, Not(HasSubstr("standard output")));
  std::ifstream file{out};
  EXPECT_TRUE(nlohmann::json::accept(file));
  EXPECT_GT(fs::file_size(journal()), 0u);
}

TEST_F(bench_command, help_into_closed_pipe_ends_quietly) {
  for (const char* program : {"bench", "track", "mock_server"}) {
    // Also if SIGPIPE is ignored, as a parent process may have it.
    for (const char* trap : {"", "trap \"\" PIPE; "}) {
      const auto run = test::run_command(fmt::format("bash -c '{}exec 3> >(exit); wait $!; {}/{} --help >&3'",
                                                     trap, FAREBENCH_BIN_DIR, program));
      EXPECT_EQ(run.exit_code, 141) << program;
      EXPECT_EQ(run.errors, "") << program;
    }
  }
}

TEST_F(bench_command, unwritable_standard_error_changes_nothing) {
  for (const char* errors : {"2>&-", "2>/dev/full"}) {
    EXPECT_EQ(bench(fmt::format("{} {}", quick, errors)).exit_code, 0) << errors;
    EXPECT_EQ(bench(fmt::format("--latency soon {}", errors)).exit_code, 2) << errors;
  }
}

TEST_F(bench_command, filter_matches_the_printed_names) {
  const auto run =
      bench(fmt::format("{} --benchmark_format=json '--benchmark_filter=multi_socket.*manual_time$'", quick));
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_EQ(nlohmann::json::parse(run.output)["benchmarks"].size(), 1u);
  EXPECT_EQ(bench(fmt::format("{} '--benchmark_filter=days:6$'", quick)).exit_code, 2) << "no name ends so";
}

TEST_F(bench_command, killed_bench_leaves_the_older_result) {
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

TEST_F(interrupted_bench, writes_and_marks_the_rows_so_far) {
  auto running = start("20ms");
  ASSERT_TRUE(wait_until([&] { return rows_in_journal() >= 3; }));
  kill(running.pid(), SIGINT);
  std::string output;
  while (true) {
    const auto next = running.read_line(hang_deadline);
    if (next.status != child_process::read_status::line) break;
    output += next.line + '\n';
  }
  const auto ended = running.wait(hang_deadline);
  ASSERT_TRUE(ended && WIFEXITED(*ended));
  EXPECT_EQ(WEXITSTATUS(*ended), 130);
  EXPECT_THAT(output, HasSubstr("KiB/worker")) << "the summary";
  EXPECT_THAT(errors(), HasSubstr("rows were measured"));
  std::ifstream written{file()};
  const auto result = nlohmann::json::parse(written);
  EXPECT_TRUE(result["context"].contains("interrupted"));
  const auto rows = std::ranges::count_if(result["benchmarks"],
                                          [](const auto& row) { return row["run_type"] == "iteration"; });
  EXPECT_EQ(rows, rows_in_journal());
  for (const auto& row : result["benchmarks"]) EXPECT_FALSE(row.contains("error_occurred")) << row.dump();
}

TEST_F(interrupted_bench, long_repetition_is_given_up) {
  auto running = start("9s", 60);
  ASSERT_TRUE(wait_until([&] { return has_child(running.pid(), "fetch_probe"); }));
  kill(running.pid(), SIGINT);
  const auto ended = running.wait(hang_deadline);
  ASSERT_TRUE(ended && WIFEXITED(*ended)) << "a repetition takes 6 minutes";
  EXPECT_EQ(WEXITSTATUS(*ended), 130);
  EXPECT_FALSE(fs::exists(file())) << "there is nothing to write";
  EXPECT_FALSE(fs::exists(file().string() + ".partial"));
}

TEST_F(interrupted_bench, second_interrupt_exits_at_once) {
  auto running = start("9s", 60);
  ASSERT_TRUE(wait_until([&] { return has_child(running.pid(), "fetch_probe"); }));
  kill(running.pid(), SIGINT);
  ASSERT_TRUE(wait_until([&] { return errors().contains("again exits at once"); }));
  kill(running.pid(), SIGINT);
  const auto ended = running.wait(hang_deadline);
  ASSERT_TRUE(ended && WIFEXITED(*ended));
  EXPECT_EQ(WEXITSTATUS(*ended), 130);
  EXPECT_FALSE(fs::exists(file().string() + ".partial"));
  EXPECT_TRUE(fs::exists(folder_ / "out.timeline.json.partial")) << "the curves so far";
}

TEST_F(bench_command, smoke_runs_every_strategy) {
  const auto run = bench("--smoke");
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  for (const auto& client : probe_clients()) EXPECT_THAT(run.output, HasSubstr("\n" + client.name + " "));
  EXPECT_THAT(run.output, HasSubstr("×floor"));
}

TEST_F(bench_command, rows_of_both_transports_name_their_libraries) {
  const auto run =
      bench("--smoke --transport libcurl,native --strategies coroutines --workers 3 --benchmark_format=json");
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  const auto result = nlohmann::json::parse(run.output);
  ASSERT_EQ(result["benchmarks"].size(), 2u);
  for (const auto& row : result["benchmarks"]) {
    const bool is_native = row["strategy"] == "coroutines/native";
    const auto& http = is_native ? native_transport() : libcurl_transport();
    EXPECT_EQ(row["client_version"], http.version());
    EXPECT_EQ(row["name"].get<std::string>().contains("/strategy:coroutines/transport:native/"), is_native);
    const auto version = http.version();
    const auto slash = version.find('/');
    EXPECT_EQ(result["context"][version.substr(0, slash)], version.substr(slash + 1));
  }
  const auto without = nlohmann::json::parse(bench(std::string{quick} + "--benchmark_format=json").output);
  EXPECT_FALSE(without["context"].contains("native"));
}

TEST_F(bench_command, invalid_flags_are_refused_before_the_run) {
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
                          "--shard 3/2",
                          "--shard auto",
                          "--sort colour",
                          "--table csv",
                          "--benchmark_format=xml",
                          "--benchmark_repetitions=many",
                          "--benchmark_filter=nothing_has_this_name",
                          "'--benchmark_filter=('",
                          "--benchmark_context=days=3",
                          "--benchmark_context=days",
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

TEST_F(bench_command, keys_of_own_context_are_all_named) {
  const auto run = bench("--smoke --benchmark_context=days=999,note=mine,workload=article,commit=abc");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.errors, HasSubstr("writes commit, days, workload; choose other keys"));
  EXPECT_FALSE(fs::exists(journal()));
}

TEST_F(bench_command, misspelled_flag_of_google_benchmark_is_guessed) {
  const auto run = bench("--benchmark_repetition=3");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.errors, HasSubstr("did you mean --benchmark_repetitions?\n"));
}

TEST_F(bench_command, unwritable_output_is_named) {
  for (const char* flags : {"--help", "--benchmark_list_tests", "--smoke --strategies fibers",
                            "--smoke --strategies fibers --verbose"}) {
    const auto run = bench(fmt::format("{} >/dev/full", flags));
    EXPECT_EQ(run.exit_code, 1) << flags;
    EXPECT_THAT(run.errors, HasSubstr("bench: write standard output: No space left on device\n")) << flags;
  }
}

TEST_F(bench_command, version_is_one_line) {
  const auto run = bench("--version");
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.output, version_line() + '\n');
}

TEST_F(bench_command, help_has_examples_flags_and_columns) {
  const auto run = bench("--help");
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.output, testing::StartsWith("Examples:"));
  for (const char* text :
       {"--workload", "--sample-every", "run.timeline.json", "sampler_cpu_share", "lognormal:20ms,p99=80ms",
        "--seed", "kernel_estimate_bytes", "22 KiB", "Exit codes", "--benchmark_filter"}) {
    EXPECT_THAT(run.output, HasSubstr(text));
  }
  std::istringstream text{run.output};
  for (std::string line; std::getline(text, line);) {
    // Columns of a terminal: code points of UTF-8.
    EXPECT_LE(std::ranges::count_if(line, [](char c) { return (c & 0xC0) != 0x80; }), 100) << line;
  }
}

TEST_F(bench_command, list_tests_runs_nothing) {
  const auto run = bench(fmt::format("{} --benchmark_list_tests", quick));
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(lines(run.output), 2) << run.output;
  EXPECT_FALSE(fs::exists(journal()));
}

TEST_F(bench_command, shards_list_each_case_once) {
  const std::string flags = "--smoke --workers 2,3,4 --benchmark_list_tests";
  const auto whole = bench(flags);
  std::string parts;
  for (int index = 1; index <= 5; ++index) {
    const auto part = bench(fmt::format("{} --shard {}/5", flags, index));
    EXPECT_EQ(part.exit_code, 0) << part.errors;
    parts += part.output;
  }
  const auto sorted_lines = [](const std::string& text) {
    std::multiset<std::string> sorted;
    std::istringstream stream{text};
    for (std::string line; std::getline(stream, line);) sorted.insert(line);
    return sorted;
  };
  EXPECT_EQ(sorted_lines(parts), sorted_lines(whole.output));
}

TEST_F(bench_command, shard_has_its_place_in_the_run) {
  const auto run = bench(
      "--smoke --strategies fibers,raw_epoll --workers 2,3 --shard 2/2 --benchmark_repetitions=2 "
      "--benchmark_format=json");
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_THAT(run.errors, HasSubstr("bench: shard 2/2: 2 of 4 cases\n"));
  const auto result = nlohmann::json::parse(run.output);
  const auto& context = result["context"];
  EXPECT_EQ(context["shard"], "2/2");
  EXPECT_EQ(context["shard_cases"], "2");
  EXPECT_EQ(context["run_cases"], "4");
  EXPECT_EQ(context["run_digest"].get<std::string>().size(), 8u);
  EXPECT_EQ(context["machine_id"], machine_id());
  std::set<int> positions;
  for (const auto& row : result["benchmarks"]) {
    EXPECT_EQ(row["workers"], 3);
    positions.insert(row["family_index"].get<int>());
  }
  EXPECT_THAT(positions, testing::ElementsAre(1, 3));
}

TEST_F(bench_command, shard_without_cases_has_a_result) {
  const auto run = bench(fmt::format("{} --shard 2/2 --benchmark_format=json", quick));
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_THAT(run.errors,
              HasSubstr("bench: shard 2/2: 0 of 2 cases; there are fewer comparison groups than shards\n"));
  const auto result = nlohmann::json::parse(run.output);
  EXPECT_EQ(result["benchmarks"].size(), 0u);
  EXPECT_EQ(result["context"]["shard_cases"], "0");
}

TEST_F(bench_command, result_names_the_engine) {
  const auto run = bench("--smoke --strategies raw_epoll --workers 3 --engine beast --benchmark_format=json");
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  const auto result = nlohmann::json::parse(run.output);
  EXPECT_EQ(result["context"]["engine"], "beast");
  EXPECT_EQ(result["benchmarks"][0]["label"], "engine: beast");
  EXPECT_THAT(result["benchmarks"][0]["name"].get<std::string>(), HasSubstr("/engine:beast"));
}

TEST_F(bench_command, scale_holds_all_workers_and_fits_a_line) {
  // Its exit code is not looked at: on a busy machine a server is late, and rows rightly fail.
  const auto run =
      bench("--workload scale --strategies sequential,raw_epoll --workers 3,300 --benchmark_repetitions=1");
  EXPECT_THAT(run.errors, HasSubstr("sequential left out of scale"));
  EXPECT_THAT(run.output, HasSubstr("300 burst"));
  EXPECT_THAT(run.output, HasSubstr("300 hold"));
  EXPECT_THAT(run.output, HasSubstr("KiB/worker, fitted"));
  EXPECT_THAT(run.output, Not(HasSubstr("wrong fares")));
}

/// A folder with the real programs but for a client of the test's own.
class bench_with_another_client : public bench_command {
 protected:
  /// `after_go` is the part of the client, a shell script, that follows "go".
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

TEST_F(bench_with_another_client, wrong_responses_fail_the_row) {
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
              HasSubstr("wrong fares: 1 instead of the site's"));
}

TEST_F(bench_with_another_client, floor_is_run_by_native_probe_if_there_is_one) {
  const auto program = bench_with_client(lie);
  EXPECT_EQ(bench("--smoke --strategies raw_epoll --workers 3", program).exit_code, 1) << "by fetch_probe";
  fs::copy_file(fs::path{FAREBENCH_BIN_DIR} / "fetch_probe_native", folder_ / "fetch_probe_native");
  const auto run = bench("--smoke --strategies raw_epoll --workers 3", program);
  EXPECT_EQ(run.exit_code, 0) << run.errors;
}

TEST_F(bench_with_another_client, missing_native_probe_is_named) {
  const auto run = bench("--smoke --strategies fibers/native", bench_with_client(lie));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.errors, "bench: there is no fetch_probe_native, which runs strategies on native\n");
}

TEST_F(bench_with_another_client, failed_row_has_a_curve_with_known_phases) {
  // A client of an older commit reports no moments.
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

TEST_F(bench_with_another_client, row_without_measurement_has_no_curve) {
  const auto file = folder_ / "curves";
  const auto run = bench(fmt::format("{} --timeline {}", quick, file.string()), bench_with_client("exit 3"));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(curves_in(file).size(), 0u);
}

TEST_F(bench_with_another_client, strategy_that_cannot_run_fails_its_row) {
  const auto program = bench_with_client("echo 'failed pthread_create: Resource temporarily unavailable'");
  const auto run = bench(quick, program);
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.errors, HasSubstr("the client could not run: pthread_create: Resource temporarily"));
  EXPECT_THAT(run.errors, HasSubstr("2 of 2 rows failed"));
}

TEST_F(bench_with_another_client, client_that_dies_fails_its_row) {
  const auto program = bench_with_client("kill -9 $$");
  const auto run = bench(quick, program);
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.errors, HasSubstr("the client was killed by signal 9 during its batch"));
  EXPECT_THAT(run.errors, HasSubstr("2 of 2 rows failed"));
}

TEST_F(bench_with_another_client, client_with_invalid_report_fails_its_row) {
  const auto program = bench_with_client("echo nonsense");
  const auto run = bench(quick, program);
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.output, HasSubstr("invalid batch report"));
}

TEST_F(bench_command, missing_sibling_is_named) {
  fs::copy_file(fs::path{FAREBENCH_BIN_DIR} / "bench", folder_ / "bench");
  const auto run = bench("", folder_ / "bench");
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(lines(run.errors), 1);
  EXPECT_THAT(run.errors, HasSubstr("mock_server"));
}

TEST_F(bench_command, killed_bench_loses_no_row) {
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
