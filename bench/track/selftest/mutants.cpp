#include "bench/track/selftest/mutants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "bench/track/judge/noise.hpp"
#include "bench/track/measure/probe_runner.hpp"
#include "bench/track/measure/two_stages.hpp"
#include "bench/track/track_error.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/child_process.hpp"

namespace farebench::track {
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
