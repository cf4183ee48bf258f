#pragma once

#include <string_view>
#include <vector>

#include "farebench/fare.hpp"

namespace farebench {

/// The fares of a page as libxml2's HTML parser finds them: the oracle that the site's pages are held to.
/// Throws std::runtime_error for a row that is not six words of the right kind.
std::vector<fare> libxml2_fares(std::string_view page);

}  // namespace farebench
