#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

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

/// A row with items of 1 ms, of which some took 100 ms; its percentiles are those of its histogram.
inline finished_row row_with_slow_items(std::size_t items, std::size_t slow) {
  std::vector<std::uint32_t> times_us(items - slow, 1'000);
  times_us.resize(items, 100'000);
  auto row = sample_row(46);
  row.item_histogram = time_histogram{times_us};
  row.columns["scrape_p50_ms"] = row.item_histogram->percentile_ms(50);
  row.columns["scrape_p99_ms"] = row.item_histogram->percentile_ms(99);
  return row;
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
