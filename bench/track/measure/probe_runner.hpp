#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>

#include "bench/fixture.hpp"
#include "bench/measurement.hpp"
#include "bench/track/measure/paired_runs.hpp"

namespace farebench::track {

/// What of this build drives both sides: its server and its heap counter.
struct harness {
  std::filesystem::path mock_server;
  std::filesystem::path heap_count;
  std::chrono::nanoseconds sample_every = default_sample_every;

  static harness beside_this_program();
};

/// Runs two clients with one harness, so that a change of the harness can't look like one of the client. Each
/// run is judged as the bench judges it. The sites' fares are worked out once a case.
runner run_probes(const harness& with, const std::filesystem::path& base, const std::filesystem::path& head);

/// The metrics' figures of one measurement, and of one counted run.
std::map<std::string, double> timed_figures(const benchmark_case& row, const measurement& seen);
std::map<std::string, double> counted_figures(const counted_run& seen);

}  // namespace farebench::track
