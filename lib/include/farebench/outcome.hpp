#pragma once

#include <expected>
#include <vector>

#include "farebench/fare.hpp"
#include "farebench/fetch_error.hpp"

namespace farebench {

/// What a scrape comes home with: the day's fares in page order (none is an answer too), or the one
/// error that prevented it.
using outcome = std::expected<std::vector<fare>, fetch_error>;

}  // namespace farebench
