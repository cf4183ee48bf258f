#pragma once

#include <chrono>
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
#include "bench/timeline/memory_curve.hpp"

namespace farebench {

/// Measures repetitions of cases. Each leaves a row in the ledger and the journal, whether it passed or
/// failed, and its curve in the timeline. A failure caused by the machine is measured again, three times in
/// all. Without its server elsewhere, the run ends. Not thread-safe.
class suite {
 public:
  struct options {
    programs with;
    strictness how = strictness::full;
    std::chrono::nanoseconds sample_every = default_sample_every;
    /// A requested drain prevents that a failed repetition is measured again.
    std::stop_token drain = {};
  };

  /// Journal and timeline may be null and must outlive the suite.
  suite(options how, row_journal* journal, timeline_file* timeline);

  /// Measures the next repetition of a case. nullopt, and no row, if the programs' stop interrupted it, or if
  /// the server elsewhere was lost in an earlier row and still cannot be reached.
  std::optional<finished_row> measure(const benchmark_case& row);

  /// Returns true once the server elsewhere was lost and a later row could not reach it.
  bool has_lost_server() const { return server_ == server_state::lost; }

  const row_ledger& ledger() const { return ledger_; }

 private:
  /// Determined before the first repetition of a case.
  struct case_facts {
    expected_results expected;
    std::optional<counted_run> counted;
    /// Error of the counted run; empty if there was none.
    std::string count_failure;
  };

  enum class server_state { reachable, lost_in_row, lost };

  server_state state_of_lost_server() const;
  case_facts prepare(const benchmark_case& row) const;
  finished_row run_once(const benchmark_case& row, const case_facts& facts, int repetition);
  measurement measure_and_judge(const benchmark_case& row, const case_facts& facts,
                                row_verdict& verdict) const;

  options options_;
  row_journal* journal_;
  timeline_file* timeline_;
  row_ledger ledger_;
  // By case name.
  std::map<std::string, case_facts> facts_;
  // Of a server elsewhere.
  server_state server_ = server_state::reachable;
};

/// Returns the cases with measured repetitions, in the order given.
std::vector<case_result> results_of(const std::vector<benchmark_case>& cases, const row_ledger& ledger);

}  // namespace farebench
