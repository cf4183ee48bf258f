#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/cases.hpp"
#include "bench/output/rows.hpp"
#include "bench/output/statistics.hpp"

namespace farebench {

/// Estimates the time that a run still needs: the ideals of its cases, corrected by the pace of their
/// repetitions so far, and for cases without one by that of all others. Not thread-safe.
class pace {
 public:
  using seconds = std::chrono::duration<double>;

  pace(const std::vector<benchmark_case>& cases, std::size_t repetitions);

  /// Adds a repetition of one of the cases and the time that it took.
  void add(const benchmark_case& row, seconds elapsed);

  /// Never negative.
  seconds left() const;

 private:
  struct case_pace {
    // Of a repetition.
    seconds expected{0};
    // Of all.
    seconds expected_left{0};
    seconds expected_done{0};
    seconds elapsed{0};
  };

  // By name of the case.
  std::map<std::string, case_pace> cases_;
};

/// Returns "20 s", "3 min 20 s" or "1 h 5 min", rounded up.
std::string format_time_left(std::chrono::duration<double> left);

/// Returns "[17/60] coroutines, 100 workers, repetition 2 of 5, about 3 min 20 s left", without its less
/// important parts if `width` columns are too few.
std::string status_line(std::string_view counter, std::string_view title, std::string_view repetition,
                        std::chrono::duration<double> left, std::size_t width);

/// Returns a finished case as a line of at most `width` columns:
///   [ 3/12] coroutines, 100 workers   250.0 ms ±4 %    CPU   101.4 µs/request    15.5 MiB
/// The time is the median with half of its range, the others are medians of CPU time per request and of peak
/// memory. A failed case has the first reason in place of the figures. Lines of one `title_width`, the number
/// of columns of the longest title, are aligned.
std::string finished_line(std::string_view counter, const case_result& result, std::size_t title_width,
                          std::size_t width);

/// Shows on standard error how far a run is: a line per finished case and, on a terminal, below them a line
/// with the current case and the time left, which is rewritten. Without a terminal, it writes no control
/// characters. The text of a repetition does not change while it runs, because that would take CPU time from
/// it. Not thread-safe.
class progress {
 public:
  /// `lists_cases`: writes the lines of finished cases.
  progress(const std::vector<benchmark_case>& cases, std::size_t repetitions, bool lists_cases);

  /// `repetition` counts from 1.
  void start(const benchmark_case& row, std::size_t repetition);
  /// Call it after each start, with the repetitions of the case so far. Erases the line on a terminal.
  void finish(const benchmark_case& row, std::span<const finished_row> repetitions);
  /// Separates the lines from what follows.
  void end() const;

 private:
  using clock = std::chrono::steady_clock;

  bool is_terminal_;
  bool lists_cases_;
  std::size_t cases_;
  std::size_t title_width_ = 0;
  std::size_t finished_cases_ = 0;
  std::size_t repetitions_;
  std::size_t started_ = 0;
  pace pace_;
  clock::time_point started_at_;
};

}  // namespace farebench
