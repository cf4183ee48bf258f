#pragma once

#include "bench/cases.hpp"
#include "bench/judge.hpp"
#include "bench/measurement.hpp"

namespace farebench {

/// A case, and a measurement of it in which nothing is wrong. Round figures, for columns that can be checked
/// by hand.
inline benchmark_case made_up_case() {
  return {.strategy = "multi_socket",
          .workers = 20,
          .latency = std::chrono::milliseconds{20},
          .page_kb = 3,
          .items = 100};
}

inline measurement made_up_measurement() {
  measurement seen;
  seen.report = {.outcomes = 100,
                 .errors = 0,
                 .digest = 42,
                 .wall_ms = 250,
                 .cpu_us = 20'000,
                 .context_switches = 400,
                 .fares = 900,
                 .attempts = 110,
                 .item_p50_ms = 41,
                 .item_p99_ms = 48};
  seen.memory.baseline.rss_bytes = 10'000'000;
  seen.memory.end.rss_peak_bytes = 12'000'000;
  seen.memory.anon_peak_bytes = 3'000'000;
  seen.memory.page_table_peak_bytes = 100'000;
  seen.memory.threads_peak = 2;
  seen.memory.curve.sampler_cpu_share = 0.004;
  seen.server = {.engine = "cpp-httplib",
                 .requests = 200,
                 .in_flight = 0,
                 .in_flight_peak = 20,
                 .sessions = 100,
                 .connections_accepted = 20,
                 .listen_drops = 0,
                 .late_p50_ms = 0.1,
                 .late_p99_ms = 0.4,
                 .late_max_ms = 0.9};
  seen.run_queue_delay_ms = 3;
  seen.other_cpu_share = 0.05;
  seen.throttled_share = 0.002;
  seen.steal_share = 0.01;
  return seen;
}

inline expected_results made_up_fares() { return {.fares = 900, .digest = 42}; }

}  // namespace farebench
