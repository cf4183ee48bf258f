#include "bench/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>

#include "bench/cases.hpp"

namespace farebench {
namespace {

/// What a repetition takes beyond its ideal: starting and ending two processes, mostly.
constexpr std::chrono::milliseconds overhead{200};

std::chrono::duration<double> expected(const benchmark_case& row) { return ideal_wall(row) + overhead; }

}  // namespace

progress::progress(const std::vector<benchmark_case>& cases, std::size_t repetitions)
    : shown_{isatty(STDERR_FILENO) == 1},
      total_{cases.size() * repetitions},
      expected_left_{0},
      begin_{clock::now()} {
  for (const auto& row : cases) expected_left_ += expected(row) * static_cast<double>(repetitions);
}

void progress::start(const benchmark_case& row) {
  ++started_;
  if (!shown_) return;
  // How the time so far compares with what was expected of it corrects what is expected of the rest.
  const std::chrono::duration<double> spent = clock::now() - begin_;
  const double correction = expected_done_.count() > 0 ? spent / expected_done_ : 1.0;
  fmt::print(stderr, "\r\x1b[K[{}/{}] {} workers:{}, about {} s left", started_, total_, row.strategy,
             row.workers, static_cast<long>(std::ceil(expected_left_.count() * correction)));
  std::fflush(stderr);
}

void progress::done(const benchmark_case& row) {
  expected_left_ -= expected(row);
  expected_done_ += expected(row);
  clear();
}

void progress::clear() const {
  if (!shown_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
}

}  // namespace farebench
