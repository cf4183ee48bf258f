#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bench/cases.hpp"
#include "bench/clients/clients.hpp"
#include "bench/measurement.hpp"
#include "bench/track/commits.hpp"
#include "bench/track/judge.hpp"

namespace farebench::track {

enum class side { base, head };

/// Result of one run of one side's client.
struct run_result {
  /// By metric.
  std::map<std::string, double> figures = {};
  /// Reason if the run failed; its figures do not count then.
  std::string failure = {};
  /// True if the client failed: wrong results, or it did not run. False if the machine did: see
  /// row_verdict::is_machines.
  bool is_client_error = false;
  /// See batch_report::version.
  std::string version = {};
};

/// Runs clients. Tests use runners without clocks and processes.
struct runner {
  std::function<run_result(side, const benchmark_case&)> timed;
  std::function<run_result(side, const benchmark_case&)> counted;
  /// Called at the start of each stage, "screening" or "confirming", with the number of its runs unless some
  /// fail. May be empty.
  std::function<void(std::string_view stage, std::size_t runs)> on_stage = {};
};

/// Reason for missing figures of one kind of runs.
struct case_failure {
  /// Empty: none is missing.
  std::string reason = {};
  /// Sides whose clients failed; both if the machine did.
  failed_sides sides = failed_sides::both;
};

/// Figures of one case. If one kind of runs failed, those of the other kind still count.
struct case_samples {
  /// By metric; in fours, A B B A (see inner_shift).
  std::map<std::string, metric_samples> timed;
  /// By metric.
  std::map<std::string, metric_samples> counted;
  /// Metrics that only some runs had, and the sides of those.
  std::map<std::string, std::set<side>> incomplete = {};
  case_failure timed_failure = {};
  case_failure counted_failure = {};
};

struct measuring_plan {
  /// Pairs of timed runs per case, rounded up to an even number.
  std::size_t pairs;
  /// Counted runs per case and side.
  std::size_t counts;

  std::size_t runs_per_case() const { return 2 * (pairs + pairs % 2 + counts); }
};

/// Runs the cases in rounds. In each round every case runs once, in random order, as A B B A or B A A B at
/// random: neither side is always first, and a machine that slows down affects both equally.
///
/// A four with a failed run is repeated: up to three times if the client failed, and if the machine did, up
/// to three times more often than there are fours. A case with more failures has no figures of that kind.
std::map<std::string, case_samples> run_in_pairs(const std::vector<benchmark_case>& cases,
                                                 const measuring_plan& plan, const runner& run,
                                                 std::mt19937_64& random);

/// Parts of this build that run both sides' clients, so that a change of them cannot pass for one of a
/// client.
struct harness {
  std::filesystem::path mock_server;
  std::filesystem::path heap_count;
  std::chrono::nanoseconds sample_every = default_sample_every;

  /// Finds them in the folder of the running program.
  static harness find();
};

/// Return a runner of the probes of two builds, and of two other clients. It judges each run as the bench
/// does.
runner make_probe_runner(const harness& parts, const probe_programs& base, const probe_programs& head);
runner make_client_runner(const harness& parts, const client_program_ptr& base,
                          const client_program_ptr& head);

/// Return the metrics' figures of a run.
std::map<std::string, double> timed_figures(const benchmark_case& row, const measurement& measured);
std::map<std::string, double> counted_figures(const counted_run& counted);

struct comparison_plan {
  /// Pairs of timed runs per case.
  std::size_t pairs = 12;
  /// Counted runs per case and side.
  std::size_t counts = 3;
  double screening_confidence = 0.95;
  /// Maximum probability that any confirmed change is a false alarm.
  double family_error = 0.01;
};

/// Compares in two stages. Screening judges every metric of every case. Flagged metrics are measured again on
/// fresh runs, with confidence 1 − family_error / flagged (Bonferroni) and with enough pairs to leave out one
/// outlier at each end. A change counts if both stages find it; other flagged metrics become "cannot tell".
///
/// Floors come from `known`, to which the A/As inside this comparison are added first. If both sides are one
/// program, the comparison itself is an A/A and is added last.
std::vector<finding> compare_in_two_stages(const std::vector<benchmark_case>& cases,
                                           const comparison_plan& plan, const runner& run, noise& known,
                                           bool is_of_one_program, std::mt19937_64& random);

/// Returns the number of timed pairs that confirm so many flagged metrics.
std::size_t confirming_pairs(const comparison_plan& plan, std::size_t flagged);

}  // namespace farebench::track
