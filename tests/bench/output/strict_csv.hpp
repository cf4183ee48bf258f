#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace farebench {

using csv_row = std::vector<std::string>;

/// The rows of a CSV text by RFC 4180, and not a bit more: a quote only around a whole cell or doubled
/// within one, the last line ended too. Throws std::invalid_argument for anything else, rows of
/// different lengths included.
std::vector<csv_row> parse_strict_csv(std::string_view text);

}  // namespace farebench
