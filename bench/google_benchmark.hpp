#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/cases.hpp"
#include "bench/output/results.hpp"

// Google Benchmark selects, repeats, interleaves and aggregates the cases. It is used here only, through its
// public interface, and its releases 1.7 to 1.9 compile. It keeps flags and benchmarks in globals, so these
// functions are for one thread.

namespace farebench {

/// Sets Google Benchmark's flags. The first argument is the program's name. Throws flag_error for an argument
/// that it does not accept. Called once.
void initialize_google_benchmark(std::vector<std::string> arguments);

/// Prints the description of Google Benchmark's flags to standard output.
void print_google_benchmark_help();

/// Returns members of the context that Google Benchmark knows: num_cpus, mhz_per_cpu, cpu_scaling_enabled,
/// caches, load_avg.
nlohmann::ordered_json machine_json();

struct selected_case {
  benchmark_case parameters;
  /// Google Benchmark's name, which --benchmark_filter is matched with.
  std::string run_name;
};

/// Returns the cases that --benchmark_filter selects. Throws flag_error if it selects none or is no regular
/// expression.
std::vector<selected_case> select_cases(const std::vector<benchmark_case>& cases);

/// Measures the next repetition of a case; nullopt if the run was interrupted.
using measure_case = std::function<std::optional<finished_row>(const benchmark_case&)>;

/// Receives the measured repetitions of a completed case, then its aggregates. No verdicts are set.
using report_rows = std::function<void(std::vector<reported_row>)>;

/// Measures all repetitions of the cases, in random order unless a flag prevents it.
void run_cases(const std::vector<benchmark_case>& cases, const measure_case& measure,
               const report_rows& report);

/// Returns true for a run that was skipped. `Run` is benchmark::BenchmarkReporter::Run, whose members differ
/// between releases.
template <typename Run>
bool is_skipped(const Run& run) {
  if constexpr (requires { run.error_occurred; }) {
    // Until 1.7.
    return run.error_occurred;
  } else {
    return run.skipped != decltype(run.skipped){};
  }
}

}  // namespace farebench
