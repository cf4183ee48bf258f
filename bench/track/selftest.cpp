#include "bench/track/selftest.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <system_error>
#include <thread>
#include <utility>

#include "bench/run_lock.hpp"
#include "bench/track/error.hpp"
#include "bench/track/judge.hpp"
#include "bench/track/measure.hpp"
#include "bench/track/recordings.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/child_process.hpp"

namespace farebench::track {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr auto hang_deadline = 60s;

/// The shell discards the output and is replaced by track.
child_process start_recording(const fs::path& track, const fs::path& folder) {
  return child_process{
      {.executable = "/bin/sh",
       .arguments = {"-c", "exec \"$@\" >/dev/null 2>&1", "sh", track.string(), "record", "--into",
                     folder.string(), "--", "--smoke", "--strategies", "coroutines", "--workers", "2",
                     "--journal", (folder / "journal").string()}}};
}

void finish_recording(const fs::path& track, const fs::path& folder) {
  if (start_recording(track, folder).wait(hang_deadline) != 0)
    throw track_error{"a recording that was not killed failed"};
}

bool is_part(const fs::path& path) { return path.extension() == ".partial"; }

/// Ignores files that appear or disappear meanwhile.
std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (fs::recursive_directory_iterator at{folder, ignored}, end; at != end && !ignored;
       at.increment(ignored))
    files.push_back(at->path());
  return files;
}

bool has_part(const fs::path& folder) { return std::ranges::any_of(files_in(folder), is_part); }

/// Waits until there is a part or the recording has ended.
void wait_for_part(child_process& recording, const fs::path& folder) {
  const auto deadline = clock::now() + hang_deadline;
  while (!has_part(folder) && !recording.wait(0ms) && clock::now() < deadline)
    std::this_thread::sleep_for(50us);
}

}  // namespace

kill_report kill_recordings(const fs::path& track, const fs::path& folder, int kills) {
  fs::create_directories(folder);
  std::mt19937_64 random{std::random_device{}()};
  const auto begin = clock::now();
  finish_recording(track, folder);
  const auto duration = std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - begin);
  std::uniform_int_distribution<std::int64_t> delay_us{0, duration.count()};
  // A write takes about this long.
  std::uniform_int_distribution<std::int64_t> writing_delay_us{0, 3'000};

  kill_report report;
  for (; report.kills < kills; ++report.kills) {
    auto recording = start_recording(track, folder);
    const bool is_writing = report.kills % 2 == 1;
    if (is_writing) wait_for_part(recording, folder);
    std::this_thread::sleep_for(
        std::chrono::microseconds{is_writing ? writing_delay_us(random) : delay_us(random)});
    recording.kill();
    if (has_part(folder)) ++report.killed_while_writing;
  }

  finish_recording(track, folder);
  for (const auto& path : files_in(folder)) {
    if (is_part(path)) ++report.abandoned_parts;
    if (path.extension() != ".json") continue;
    try {
      read_recorded_run(path);
      ++report.whole;
    } catch (const track_error& error) {
      ++report.broken;
      if (report.first_error.empty()) report.first_error = error.what();
    }
  }
  return report;
}

namespace {

/// Two strategies without common code. Exchanges are long enough that 15 % of one exceeds the machine's
/// noise.
std::vector<benchmark_case> quick_cases() {
  return cases_of({.strategies = {"coroutines", "thread_pool"},
                   .workers = {10},
                   .points = {{40ms}},
                   .page_kb = 3,
                   .items = 10});
}

std::vector<finding> compare_with(const fs::path& head, bool is_of_one_program, std::mt19937_64& random) {
  noise known;
  return compare_in_two_stages(
      quick_cases(), {},
      make_probe_runner(harness::find(), {.fetch_probe = sibling_path("fetch_probe")}, {.fetch_probe = head}),
      known, is_of_one_program, random);
}

std::string finding_text(const finding& found) {
  return fmt::format("{}: {} of {}, {}", to_string(found.verdict), found.metric, found.series, found.reason);
}

selftest_rate catch_mutant(const mutant& worse, int times, std::mt19937_64& random,
                           const std::function<void(const std::string&)>& print_line) {
  // Inherited by all clients, of which only mutant_probe reads it.
  ::setenv("FAREBENCH_MUTANT", std::string{worse.name}.c_str(), 1);
  int caught = 0;
  for (int i = 0; i < times; ++i) {
    const auto findings = compare_with(sibling_path("mutant_probe"), false, random);
    if (std::ranges::any_of(findings, [&](const finding& found) {
          return found.metric == worse.metric && found.verdict == verdict::regression;
        })) {
      ++caught;
      continue;
    }
    for (const auto& found : findings)
      if (found.metric == worse.metric) print_line("  missed: " + finding_text(found));
  }
  return catching_rate(fmt::format("{} ({})", worse.name, worse.meaning), caught, times);
}

selftest_rate compare_with_itself(int times, std::mt19937_64& random,
                                  const std::function<void(const std::string&)>& print_line) {
  int alarms = 0;
  for (int i = 0; i < times; ++i) {
    const auto findings = compare_with(sibling_path("fetch_probe"), true, random);
    if (std::ranges::any_of(findings, is_flagged)) ++alarms;
    for (const auto& found : findings)
      if (is_flagged(found)) print_line("  false alarm: " + finding_text(found));
  }
  return alarm_rate("the client with itself (A/A)", alarms, times);
}

}  // namespace

std::span<const mutant> mutants() {
  static constexpr std::array<mutant, 3> all{
      {{.name = "slower_exchanges", .meaning = "15 % more time per exchange", .metric = "real_time"},
       {.name = "page_per_worker", .meaning = "4 KiB more per worker", .metric = "heap_peak_bytes"},
       {.name = "allocation_per_request",
        .meaning = "one more allocation per request",
        .metric = "allocations_per_request"}}};
  return all;
}

selftest_rate catching_rate(std::string title, int caught, int comparisons) {
  return {.title = std::move(title),
          .flagged = caught,
          .comparisons = comparisons,
          .is_good = 20 * caught >= 19 * comparisons};
}

selftest_rate alarm_rate(std::string title, int alarms, int comparisons) {
  return {.title = std::move(title),
          .flagged = alarms,
          .comparisons = comparisons,
          .is_good = 60 * alarms <= comparisons};
}

std::vector<selftest_rate> run_selftest(const selftest_plan& plan,
                                        const std::function<void(const std::string&)>& print_line) {
  if (!this_build().is_fit_for_measuring())
    throw track_error{"this build is not optimised or has sanitizers: use the release preset"};
  const run_lock lock;
  if (lock.warning()) print_line(*lock.warning());
  std::mt19937_64 random{std::random_device{}()};
  std::vector<selftest_rate> rates;
  for (const auto& worse : mutants()) {
    rates.push_back(catch_mutant(worse, plan.comparisons_per_mutant, random, print_line));
    print_line(fmt::format("{}: caught {} of {} times", rates.back().title, rates.back().flagged,
                           rates.back().comparisons));
  }
  rates.push_back(compare_with_itself(plan.comparisons_with_itself, random, print_line));
  print_line(fmt::format("{}: {} alarms in {} comparisons", rates.back().title, rates.back().flagged,
                         rates.back().comparisons));
  return rates;
}

}  // namespace farebench::track
