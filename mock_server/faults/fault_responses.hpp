#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "mock_server/faults/fault_plan.hpp"
#include "mock_server/site/random_stream.hpp"
#include "mock_server/site/site.hpp"

namespace farebench {

/// Path that redirect_loop redirects to. A request for it gets the same redirect.
inline constexpr std::string_view redirect_target = "/redirects";

/// Changes the content of `response` as a fault requires. Does nothing for a fault that changes how it is
/// sent (see make_script). `random` selects rows, words and statuses; `now` is for dates.
void alter_response(fault_kind kind, site_response& response, random_stream& random,
                    std::chrono::system_clock::time_point now);

// The two parts of alter_response. Each does nothing for the faults of the other.

/// Changes status and header fields, and replaces the body of an error.
void alter_head(fault_kind kind, site_response& response, random_stream& random,
                std::chrono::system_clock::time_point now);
/// Changes the rows of a results page. Does nothing to a page without rows.
void alter_page(fault_kind kind, std::string& page, random_stream& random);

}  // namespace farebench
