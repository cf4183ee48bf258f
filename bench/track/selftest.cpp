#include "bench/track/selftest.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

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

constexpr auto patience = 60s;

/// In the shell's place, with nothing to say.
child_process recording(const fs::path& track, const fs::path& folder) {
  return child_process{
      {.executable = "/bin/sh",
       .arguments = {"-c", "exec \"$@\" >/dev/null 2>&1", "sh", track.string(), "record", "--into",
                     folder.string(), "--", "--smoke", "--strategies", "coroutines", "--workers", "2",
                     "--journal", (folder / "journal").string()}}};
}

bool is_part(const fs::path& path) { return path.extension() == ".partial"; }

template <typename Visit>
void for_each_file(const fs::path& folder, Visit visit) {
  std::error_code ignored;  // files come and go
  for (fs::recursive_directory_iterator at{folder, ignored}, end; at != end; at.increment(ignored)) {
    if (ignored) return;
    visit(at->path());
  }
}

bool has_part(const fs::path& folder) {
  bool found = false;
  for_each_file(folder, [&](const fs::path& path) { found = found || is_part(path); });
  return found;
}

/// Until there is a part, or the recording has ended.
void wait_for_part(child_process& running, const fs::path& folder) {
  const auto deadline = clock::now() + patience;
  while (!has_part(folder) && !running.wait(0ms) && clock::now() < deadline)
    std::this_thread::sleep_for(50us);
}

}  // namespace

kill_report kill_recordings(const fs::path& track, const fs::path& folder, int kills) {
  fs::create_directories(folder);
  std::mt19937_64 random{std::random_device{}()};
  const auto begin = clock::now();
  if (const auto first = recording(track, folder).wait(patience); first != 0)
    throw track_error{"a recording that nobody killed did not end well"};
  const auto whole_time = std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - begin);
  std::uniform_int_distribution<std::int64_t> moment{0, whole_time.count()};
  std::uniform_int_distribution<std::int64_t> moment_of_writing{
      0, 3'000};  // microseconds; a write takes about as long

  kill_report report;
  for (; report.kills < kills; ++report.kills) {
    auto running = recording(track, folder);
    if (report.kills % 2 == 0) {
      std::this_thread::sleep_for(std::chrono::microseconds{moment(random)});
    } else {
      wait_for_part(running, folder);
      std::this_thread::sleep_for(std::chrono::microseconds{moment_of_writing(random)});
    }
    ::kill(running.pid(), SIGKILL);
    if (!running.wait(patience)) throw track_error{"a recording did not die"};
    if (has_part(folder)) ++report.killed_while_writing;
  }

  if (const auto last = recording(track, folder).wait(patience); last != 0)
    throw track_error{"a recording that nobody killed did not end well"};
  for_each_file(folder, [&](const fs::path& path) {
    if (is_part(path)) ++report.abandoned_parts;
    if (path.extension() != ".json") return;
    try {
      read_recorded_run(path);
      ++report.whole;
    } catch (const track_error& fault) {
      ++report.broken;
      if (report.first_complaint.empty()) report.first_complaint = fault.what();
    }
  });
  return report;
}

namespace {

using namespace std::chrono_literals;

/// Two ways of working that have nothing in common, in one short wave: exchanges long enough that 15 % of one
/// is more than what the machine adds to it.
std::vector<benchmark_case> quick_cases() {
  return cases_of({.strategies = {"coroutines", "thread_pool"},
                   .workers = {10},
                   .points = {{40ms}},
                   .page_kb = 3,
                   .days = 10});
}

std::vector<finding> compare_with(const std::filesystem::path& head, bool is_of_one_program,
                                  std::mt19937_64& random) {
  const auto base = sibling_path("fetch_probe");
  noise known;
  return compare_in_two_stages(quick_cases(), {}, run_probes(harness::beside_this_program(), base, head),
                               known, is_of_one_program, random);
}

std::filesystem::path program_of(const mutant& one) {
  try {
    return sibling_path(fmt::format("tests/mutants/{}", one.program));
  } catch (const std::exception& fault) {
    throw track_error{fmt::format("{} (a build with BUILD_TESTING has it)", fault.what())};
  }
}

std::string described(const finding& one) {
  return fmt::format("  {}: {} of {}, {}", to_string(one.what), one.metric, one.series, one.why);
}

selftest_rate catch_mutant(const mutant& one, int times, std::mt19937_64& random,
                           const std::function<void(const std::string&)>& say) {
  const auto program = program_of(one);
  int caught = 0;
  for (int i = 0; i < times; ++i) {
    const auto findings = compare_with(program, false, random);
    const bool is_caught = std::ranges::any_of(findings, [&](const finding& found) {
      return found.metric == one.metric && found.what == verdict::regression;
    });
    if (is_caught) {
      ++caught;
      continue;
    }
    for (const auto& found : findings)
      if (found.metric == one.metric) say("  missed: " + described(found));
  }
  return catching_rate(fmt::format("{} ({})", one.program, one.meaning), caught, times);
}

selftest_rate compare_with_itself(int times, std::mt19937_64& random,
                                  const std::function<void(const std::string&)>& say) {
  int alarms = 0;
  for (int i = 0; i < times; ++i) {
    const auto findings = compare_with(sibling_path("fetch_probe"), true, random);
    if (std::ranges::any_of(findings, is_flagged)) ++alarms;
    for (const auto& found : findings)
      if (is_flagged(found)) say("  false alarm: " + described(found));
  }
  return alarm_rate("the client with itself (A/A)", alarms, times);
}

}  // namespace

const std::vector<mutant>& mutants() {
  static const std::vector<mutant> all{
      {.program = "slower_exchanges", .meaning = "15 % more time in each exchange", .metric = "real_time"},
      {.program = "page_a_worker", .meaning = "4 KiB more for each worker", .metric = "heap_peak_bytes"},
      {.program = "one_allocation_a_request",
       .meaning = "one allocation more for each request",
       .metric = "allocations_per_request"},
  };
  return all;
}

selftest_rate catching_rate(std::string what, int caught, int of) {
  return {.what = std::move(what), .flagged = caught, .of = of, .is_good = 20 * caught >= 19 * of};
}

selftest_rate alarm_rate(std::string what, int alarms, int of) {
  return {.what = std::move(what), .flagged = alarms, .of = of, .is_good = 60 * alarms <= of};
}

std::vector<selftest_rate> run_selftest(const selftest_plan& plan,
                                        const std::function<void(const std::string&)>& say) {
  if (!this_build().is_fit_for_measuring())
    throw track_error{
        "this build is unoptimised or has sanitizers, which measure nothing: use the release preset"};
  for (const auto& one : mutants()) program_of(one);  // before any time is spent
  const run_lock lock;
  if (lock.warning()) say(*lock.warning());
  std::mt19937_64 random{std::random_device{}()};
  std::vector<selftest_rate> rates;
  for (const auto& one : mutants()) {
    rates.push_back(catch_mutant(one, plan.of_each_mutant, random, say));
    say(fmt::format("{}: caught {} of {} times", rates.back().what, rates.back().flagged, rates.back().of));
  }
  rates.push_back(compare_with_itself(plan.of_itself, random, say));
  say(fmt::format("{}: {} alarms in {} comparisons", rates.back().what, rates.back().flagged,
                  rates.back().of));
  return rates;
}

}  // namespace farebench::track
