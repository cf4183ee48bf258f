#pragma once

#include <span>
#include <string>

#include "bench/report/summary_case.hpp"

namespace farebench {

/// A line for each case, in the order given: strategy, workers, time (all in ms, or all in s once the
/// longest takes 10 s), ×ideal, peak MiB, KiB a worker, CPU µs a request, and when the physical floor is
/// among the cases, time and CPU over the floor's at the same point; each the median of the repetitions that
/// have it, "–" where none has. From the columns ideal_ratio, rss_peak_bytes, bytes_per_worker,
/// cpu_us_per_request. A case with a failed repetition shows FAILED and the first reason in place of its
/// figures. Below the lines come the warnings. Laid out as text_table does; empty without cases. Pure.
std::string summary_table(std::span<const summary_case> cases);

}  // namespace farebench
