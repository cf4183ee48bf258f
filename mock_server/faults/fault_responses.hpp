#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "mock_server/faults/fault_plan.hpp"
#include "mock_server/site/random_stream.hpp"
#include "mock_server/site/site.hpp"

namespace farebench {

/// Where redirect_loop sends a client, and where that page sends it again.
inline constexpr std::string_view redirect_target = "/redirects";

/// Makes of `answer` what a fault has it say; how it is sent stays as it is. Leaves it alone for a fault that
/// spoils the sending (see make_script). `random` chooses a row, a word, a status; `now` is for dates.
void alter_response(fault_kind kind, site_response& answer, random_stream& random,
                    std::chrono::system_clock::time_point now);

// Each for its kinds.

/// Statuses, redirects, cookies, an error page.
void alter_head(fault_kind kind, site_response& answer, random_stream& random,
                std::chrono::system_clock::time_point now);
/// Rows of a results page. A page without rows stays as it is.
void alter_page(fault_kind kind, std::string& page, random_stream& random);

}  // namespace farebench
