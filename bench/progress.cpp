#include "bench/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <utility>

#include "bench/output/statistics.hpp"

namespace farebench {
namespace {

/// Time of a repetition beyond its ideal, mostly for starting and ending two processes.
constexpr std::chrono::milliseconds overhead{200};

std::chrono::duration<double> expected(const benchmark_case& row) { return ideal_wall(row) + overhead; }

/// Ignores errors: standard error may be closed.
void write(const std::string& text) { std::fputs(text.c_str(), stderr); }

/// Returns "coroutines, 100 workers, hold".
std::string outcome_text(std::span<const finished_row> repetitions) {
  std::vector<double> times;
  for (const auto& row : repetitions) {
    if (row.verdict.failed()) return "FAILED: " + one_line(row.verdict.failure);
    if (row.real_time_ms) times.push_back(*row.real_time_ms);
  }
  return fmt::format("{:.1f} ms", median(std::move(times)).value_or(0));
}

}  // namespace

progress::progress(const std::vector<benchmark_case>& cases, std::size_t repetitions, bool lists_cases)
    : is_terminal_{isatty(STDERR_FILENO) == 1},
      lists_cases_{lists_cases},
      cases_{cases.size()},
      repetitions_{repetitions},
      begin_{clock::now()} {
  for (const auto& row : cases) expected_left_ += expected(row) * static_cast<double>(repetitions);
}

void progress::start(const benchmark_case& row) {
  ++started_;
  if (!is_terminal_) return;
  // The rest is assumed to take as much more than expected as the repetitions so far.
  const seconds elapsed = clock::now() - begin_;
  const double correction = expected_done_.count() > 0 ? elapsed / expected_done_ : 1.0;
  write(fmt::format("\r\x1b[K[{}/{}] {}, about {:.0f} s left", started_, cases_ * repetitions_, row.title(),
                    std::ceil(expected_left_.count() * correction)));
}

void progress::finish(const benchmark_case& row, std::span<const finished_row> repetitions) {
  expected_left_ -= expected(row);
  expected_done_ += expected(row);
  if (is_terminal_) {
    write("\r\x1b[K");
  } else if (lists_cases_ && repetitions.size() == repetitions_) {
    ++completed_cases_;
    write(fmt::format("[{}/{}] {}: {}\n", completed_cases_, cases_, row.title(), outcome_text(repetitions)));
  }
}

}  // namespace farebench
