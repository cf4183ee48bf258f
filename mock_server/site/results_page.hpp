#pragma once

#include <cstddef>
#include <string>

#include "farebench/query.hpp"

namespace farebench {

/// The site's answer to a search: an HTML page, UTF-8, of exactly page_kb × 1024 bytes, that holds
/// timetable(asked, page_kb) as its rows of class `select-line`, among all that real pages have around
/// theirs: train rows, comments and scripts that quote a row, `>` within attributes. Well nested, so
/// that every HTML parser reads the same. A pure function of its arguments.
/// Throws std::invalid_argument for a size outside the bounds of page_size.hpp.
std::string results_page(const query& asked, std::size_t page_kb);

}  // namespace farebench
