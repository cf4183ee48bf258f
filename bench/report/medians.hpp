#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/report/summary_case.hpp"

namespace farebench {

// What stands for a case in tables: medians over its repetitions that have a finite value. Pure.

/// The middle one, or the mean of the middle two; nullopt of none.
std::optional<double> median(std::vector<double> values);
std::optional<double> median_column(const summary_case& what, const std::string& name);
std::optional<double> median_time_ms(const summary_case& what);

/// Whether any repetition failed: then no figure of the case counts.
bool has_failed(const summary_case& what);

}  // namespace farebench
