#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/report/finished_row.hpp"

namespace farebench {

/// A case and its repetitions, for the table that ends a run.
struct summary_case {
  std::string strategy;
  int workers = 0;
  std::string note = {};  ///< to stand behind the workers, e.g. "article's default pool: 5 × cores"
  std::vector<finished_row> repetitions;
};

/// A line for each case, in the order given: strategy, workers, time (all in ms, or all in s once the
/// longest takes 10 s), ×ideal, peak MiB, KiB a worker, CPU µs a request; each the median of the
/// repetitions that have it, "–" where none has. From the columns ideal_ratio, rss_peak_bytes,
/// bytes_per_worker, cpu_us_per_request. A case with a failed repetition shows FAILED and the first
/// reason in place of its figures. Below the lines come the warnings. UTF-8, aligned by the width that
/// it has on a terminal; ends with a newline; empty without cases. Pure.
std::string summary_table(std::span<const summary_case> cases);

/// The middle one, or the mean of the middle two; nullopt of none. Pure.
std::optional<double> median(std::vector<double> values);

}  // namespace farebench
