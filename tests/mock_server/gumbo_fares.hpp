#pragma once

#include <string_view>
#include <vector>

#include "farebench/fare.hpp"

namespace farebench {

/// Returns the fares that gumbo finds on a page: the oracle for the site's pages.
/// Throws std::runtime_error for an invalid row.
std::vector<fare> gumbo_fares(std::string_view page);

}  // namespace farebench
