#pragma once

#include <optional>
#include <string>

#include "bench/track/judge/finding.hpp"

namespace farebench::track {

// The cells of a finding, for tables of any kind.

std::string label_of(const finding& one);
/// "46.1 ms ± 2 %"; "–" when absent.
std::string side_cell(const finding& one, const std::optional<side_summary>& side);
/// "+15.2 %", "+15.2 % [+14.1, +16.0]"; "–" when absent.
std::string change_cell(const finding& one);
/// "regression (accepted)"
std::string verdict_cell(const finding& one);
std::string why_cell(const finding& one);

}  // namespace farebench::track
