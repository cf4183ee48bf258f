#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "bench/output/statistics.hpp"

namespace farebench {

// The tables that end a run. Figures are medians over the repetitions. Pure functions; texts are UTF-8 and
// end with a newline unless empty.

/// Returns all that people read: the table, failures and warnings, the scale table and the recommendations.
/// Lines take at most `width` columns: the table drops its least important columns, and texts are wrapped.
/// `workload` is the name of the workload, for its notes.
std::string summary_text(std::span<const case_result> cases, std::string_view workload, std::size_t width);

/// Returns whether cost stays flat as workers grow, from the `hold` cases: a line per strategy with the
/// growth of resident memory over workers fitted to a straight line (slope in KiB per worker, R²), and CPU
/// per request at 10,000 workers over that at 1,000. Failed cases are left out. Empty without `hold` cases.
std::string scale_table(std::span<const case_result> cases);

/// Returns the recommendations as sentences: the fastest case, the leanest of those within 5 % of its time,
/// and the fewest workers within 5 % of it.
std::string recommendation_text(std::span<const case_result> cases, std::size_t width);

/// Returns CSV (RFC 4180) with a header and a line per case: its parameters, the number of repetitions, of
/// failed ones, the first reason, and of every column the median, minimum and maximum. A failed case has no
/// figures.
std::string summary_csv(std::span<const case_result> cases);

}  // namespace farebench
