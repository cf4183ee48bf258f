#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "bench/cases.hpp"
#include "bench/output/rows.hpp"

namespace farebench {

/// Shows on standard error how far a run is. On a terminal, one line names the current case and the time
/// left, and is rewritten. Otherwise each completed case gets a line. Not thread-safe.
class progress {
 public:
  /// `lists_cases`: writes the lines of completed cases.
  progress(const std::vector<benchmark_case>& cases, std::size_t repetitions, bool lists_cases);

  void start(const benchmark_case& row);
  /// Call it after each start, with the repetitions so far. Erases the line on a terminal.
  void finish(const benchmark_case& row, std::span<const finished_row> repetitions);

 private:
  using clock = std::chrono::steady_clock;
  using seconds = std::chrono::duration<double>;

  bool is_terminal_;
  bool lists_cases_;
  std::size_t cases_;
  std::size_t completed_cases_ = 0;
  std::size_t repetitions_;
  std::size_t started_ = 0;
  // Derived from the ideals.
  seconds expected_left_{0};
  seconds expected_done_{0};
  clock::time_point begin_;
};

}  // namespace farebench
