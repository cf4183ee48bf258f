#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "bench/benchmark_case.hpp"
#include "bench/track/judge/finding.hpp"

namespace farebench::track {

enum class side { base, head };

/// One run of one side's client: its figures by metric, or why it has none.
struct run_result {
  std::map<std::string, double> figures = {};
  std::string failure = {};  ///< empty: the figures count
  bool is_wrong = false;     ///< it failed by its own fault: wrong answers, or it did not run
};

/// How runs are made. Injected, so that what follows from them is tested without clocks and processes.
struct runner {
  std::function<run_result(side, const benchmark_case&)> timed;
  std::function<run_result(side, const benchmark_case&)> counted;
};

/// Why a case has too few figures of one kind.
struct case_failure {
  std::string why = {};     ///< empty: it has all of them
  bool is_of_head = false;  ///< by the head's own fault, and of the base there was none

  bool is_there() const { return !why.empty(); }
};

/// All that was measured of one case. Where one kind of runs failed, the other's figures still count.
struct case_samples {
  std::map<std::string, metric_samples> timed;    ///< by metric; in fours, A B B A: see inner_shift
  std::map<std::string, metric_samples> counted;  ///< by metric
  case_failure timed_failure = {};
  case_failure counted_failure = {};
};

/// How much is measured.
struct measuring_plan {
  std::size_t pairs;   ///< of timed runs a case; rounded up to be even
  std::size_t counts;  ///< of counted runs a case and side
};

/// Runs the cases in rounds: in each every case once, in random order, as A B B A or as B A A B, by chance.
/// So neither side always comes first, and a machine that becomes slower or faster moves both by the same.
/// Every run is a fresh client and a fresh server. A four with a failed run is measured again: three times
/// where the client was at fault; where the machine was (a late server), as often as there are fours to make,
/// and three times more. A case in which more fail has no figures of that kind but the reason.
std::map<std::string, case_samples> run_in_pairs(const std::vector<benchmark_case>& cases,
                                                 const measuring_plan& plan, const runner& with,
                                                 std::mt19937_64& random);

}  // namespace farebench::track
