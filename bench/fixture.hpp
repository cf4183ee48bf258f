#pragma once

#include <chrono>

#include "bench/benchmark_case.hpp"
#include "bench/client_run.hpp"
#include "bench/measurement.hpp"

namespace farebench {

/// How often a client's memory is looked at where nobody says otherwise.
inline constexpr std::chrono::milliseconds default_sample_every{2};

/// Runs a case once, timed: a fresh client and a fresh server, watched from outside. Throws as client_run.
measurement measure(const programs& with, const benchmark_case& row, std::chrono::nanoseconds sample_every);

/// Runs a case once with its heap counted and its sockets looked at, which slows it: never a source of
/// times. Throws as client_run.
counted_run count(const programs& with, const benchmark_case& row);

}  // namespace farebench
