#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/track/recordings.hpp"

namespace farebench::track {

inline const std::string made_up_series =
    "fetch/strategy:coroutines/workers:20/latency_ms:20/page_kb:3/days:100";

/// A context as `track record` makes it, complete and in order.
inline nlohmann::ordered_json made_up_context() {
  return {{"date", "2026-11-24T19:15:30+00:00"},
          {"num_cpus", 2},
          {"build_type", "Release"},
          {"commit", std::string(40, 'a')},
          {"compiler", "GNU 12.2.0"},
          {"days", "100"},
          {"dirty", "false"},
          {"engine", "cpp-httplib"},
          {"first_date", "2026-03-01"},
          {"flags", "-O3 -DNDEBUG"},
          {"latency", "20ms"},
          {"page_kb", "3"},
          {"sanitizers", ""},
          {"workload", "light"},
          {"parents", nlohmann::ordered_json::array()},
          {"machine", "some-cpu-2c-24g-0123abcd"},
          {"program_sha256", std::string(64, '1')},
          {"canary", 1.0},
          {"canary_after", 1.0},
          {"steal_percent", 0.0},
          {"load_before", 0.1},
          {"load_after", 0.9}};
}

inline nlohmann::ordered_json made_up_row(int repetition, double time_ms, double heap = 100'000,
                                          const std::string& series = made_up_series) {
  return {{"name", series + "/iterations:1/manual_time"},
          {"run_name", series + "/iterations:1/manual_time"},
          {"run_type", "iteration"},
          {"repetitions", 20},
          {"repetition_index", repetition},
          {"threads", 1},
          {"iterations", 1},
          {"real_time", time_ms},
          {"cpu_time", 2.5},
          {"time_unit", "ms"},
          {"allocations_per_request", 50.38},
          {"cpu_us_per_request", time_ms / 4},
          {"heap_peak_bytes", heap},
          {"rss_growth_bytes", 905216.0}};
}

/// So many repetitions around a time, each a little off it.
inline nlohmann::ordered_json made_up_rows(double time_ms, int repetitions = 20, double heap = 100'000,
                                           const std::string& series = made_up_series) {
  auto rows = nlohmann::ordered_json::array();
  for (int i = 0; i < repetitions; ++i)
    rows.push_back(made_up_row(i, time_ms * (1 + 0.001 * (i % 7)), heap, series));
  return rows;
}

inline recorded_run made_up_run(const nlohmann::ordered_json& context, const nlohmann::ordered_json& rows) {
  return parse_recorded_run(recorded_text(context, rows), "made-up.json");
}

}  // namespace farebench::track
