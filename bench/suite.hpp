#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "bench/cases.hpp"
#include "bench/judge.hpp"
#include "bench/measurement.hpp"
#include "bench/output/journal.hpp"
#include "bench/output/rows.hpp"
#include "bench/output/statistics.hpp"
#include "bench/progress.hpp"
#include "bench/timeline/memory_curve.hpp"

namespace farebench {

/// The cases as benchmarks: each call of a benchmark's function is one repetition, and leaves its row
/// in the ledger, the journal and the summary, whether it stands or fails, and its curve in the timeline.
/// What fails by the machine's doing is measured anew, three times at most, and says so. One thread.
class suite {
 public:
  /// `drain`: once it is requested, no repetition begins any more; the one under way ends as it would, or by
  /// the programs' own stop. Those left out leave no row.
  suite(programs with, strictness how, std::chrono::nanoseconds sample_every,
        std::optional<row_journal>& journal, std::optional<timeline_file>& timeline, progress& shown,
        std::stop_token drain = {});

  /// Registers a case with Google Benchmark; the suite must outlive the run.
  void add(const benchmark_case& row);

  const row_ledger& ledger() const { return ledger_; }
  /// Returns the cases measured so far, in the order of registration.
  std::vector<case_result> results() const;

 private:
  /// What is found out about a case once, before its first repetition.
  struct case_facts {
    expected_fares expected;
    std::optional<counted_run> counted;
    std::string count_failure;  // why the counted run has no figures; empty: it has, or was not due
    std::vector<finished_row> repetitions;
  };

  void repeat(benchmark::State& state, const benchmark_case& row);
  void measure_once(benchmark::State& state, const benchmark_case& row);
  finished_row run_once(const benchmark_case& row, case_facts& facts);
  measurement measure_and_judge(const benchmark_case& row, const case_facts& facts, row_verdict& verdict);
  case_facts find_out(const benchmark_case& row) const;

  programs with_;
  strictness how_;
  std::chrono::nanoseconds sample_every_;
  std::optional<row_journal>& journal_;
  std::optional<timeline_file>& timeline_;
  progress& progress_;
  std::stop_token drain_;
  row_ledger ledger_;
  std::vector<benchmark_case> cases_;
  std::map<std::string, case_facts> facts_;  // by case name
};

}  // namespace farebench
