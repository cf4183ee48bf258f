#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "bench/output/statistics.hpp"

namespace farebench {

/// A row that passed, with figures that are easy to check by hand.
inline finished_row sample_row(double time_ms, double peak_mib = 15.5) {
  return {.real_time_ms = time_ms,
          .columns = {{"ideal_ratio", 1.25},
                      {"rss_peak_bytes", peak_mib * (1 << 20)},
                      {"bytes_per_worker", 20.25 * (1 << 10)},
                      {"cpu_us_per_request", 101.44}}};
}

/// A case of one repetition at 20 ms, 3 KiB and 100 days.
inline case_result sample_result(std::string strategy, std::size_t workers, double time_ms,
                                 double peak_mib = 15.5) {
  return {.parameters = {.strategy = std::move(strategy),
                         .workers = workers,
                         .latency = std::chrono::milliseconds{20},
                         .page_kb = 3,
                         .items = 100},
          .repetitions = {sample_row(time_ms, peak_mib)}};
}

}  // namespace farebench
