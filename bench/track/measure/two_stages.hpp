#pragma once

#include <random>
#include <string>
#include <vector>

#include "bench/benchmark_case.hpp"
#include "bench/track/judge/comparison.hpp"
#include "bench/track/judge/noise.hpp"
#include "bench/track/measure/paired_runs.hpp"

namespace farebench::track {

/// How two clients are compared.
struct comparing_plan {
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
                                           const comparing_plan& plan, const runner& with, noise& known,
                                           bool is_of_one_program, std::mt19937_64& random);

/// Pairs for so many flagged metrics.
std::size_t confirming_pairs(const comparing_plan& plan, std::size_t flagged);

}  // namespace farebench::track
