#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "bench/cases.hpp"

namespace farebench {

/// One line on a terminal's standard error: which repetition of how many is running, and about how
/// much time is left. Silent when standard error is no terminal. One thread.
class progress {
 public:
  /// `cases`: those that will run; each `repetitions` times.
  progress(const std::vector<benchmark_case>& cases, std::size_t repetitions);

  void start(const benchmark_case& row);
  void done(const benchmark_case& row);
  /// Before anything else is written to the terminal.
  void clear() const;

 private:
  using clock = std::chrono::steady_clock;

  bool shown_;
  std::size_t total_;
  std::size_t started_ = 0;
  std::chrono::duration<double> expected_left_;  // by the ideals
  std::chrono::duration<double> expected_done_{0};
  clock::time_point begin_;
};

}  // namespace farebench
