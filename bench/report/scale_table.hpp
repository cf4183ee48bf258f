#pragma once

#include <span>
#include <string>

#include "bench/report/summary_case.hpp"

namespace farebench {

/// Whether cost stays flat as workers grow, from the `hold` cases: a line for each strategy, in the order
/// given, with the growth of resident memory (column rss_growth_bytes, medians) over workers fitted to a
/// straight line (slope in KiB a worker, R²), and CPU a request with 10,000 workers over that with 1,000. A
/// case that failed is left out; "–" where too few are left. UTF-8, ends with a newline; empty without `hold`
/// cases. Pure.
std::string scale_table(std::span<const summary_case> cases);

}  // namespace farebench
