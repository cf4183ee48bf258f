#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "bench/cases.hpp"
#include "bench/measurement.hpp"
#include "bench/track/judge.hpp"

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

/// What of this build drives both sides: its server and its heap counter.
struct harness {
  std::filesystem::path mock_server;
  std::filesystem::path heap_count;
  std::chrono::nanoseconds sample_every = default_sample_every;

  static harness beside_this_program();
};

/// Runs two clients with one harness, so that a change of the harness can't look like one of the client. Each
/// run is judged as the bench judges it. The sites' fares are worked out once a case.
runner run_probes(const harness& with, const std::filesystem::path& base, const std::filesystem::path& head);

/// The metrics' figures of one measurement, and of one counted run.
std::map<std::string, double> timed_figures(const benchmark_case& row, const measurement& seen);
std::map<std::string, double> counted_figures(const counted_run& seen);

/// How two clients are compared.
struct comparison_plan {
  std::size_t pairs = 12;  ///< of timed runs a case
  std::size_t counts = 3;  ///< of counted runs a case and side
  double screening_confidence = 0.95;
  double family_error = 0.01;  ///< of all that is confirmed together
};

/// Compares in two stages. First every metric of every case is screened, each by its own interval. What is
/// flagged is measured again, on fresh runs, with intervals so wide that all of them together are wrong in 1
/// of 100 comparisons at most (Bonferroni: each has confidence 1 − 0.01 / flagged), and with as many pairs as
/// such an interval needs to be sure of one stray run at each end. Only what is beyond the floor in both, to
/// the same side, counts; the rest of the flagged cannot be told. The floors are those of `known`, to which
/// the A/As inside this comparison are added first; the whole of it, where it is one, is added last.
std::vector<finding> compare_in_two_stages(const std::vector<benchmark_case>& cases,
                                           const comparison_plan& plan, const runner& with, noise& known,
                                           bool is_of_one_program, std::mt19937_64& random);

/// Pairs for so many flagged metrics.
std::size_t confirming_pairs(const comparison_plan& plan, std::size_t flagged);

}  // namespace farebench::track
