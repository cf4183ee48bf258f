#pragma once

#include <optional>
#include <string>

#include "mock_server/faults/fault_kind.hpp"
#include "mock_server/faults/fault_script.hpp"
#include "mock_server/site/site.hpp"

namespace farebench {

/// The script with which a fault spoils how `answer` is sent. Nothing for a fault that spoils what it says
/// (see spoil_answer). A pure function.
std::optional<fault_script> make_script(fault_kind kind, const site_response& answer);

// Each for its kinds, and nothing for others.

/// What becomes of the connection: resets, closes, silence, bytes that dribble.
std::optional<fault_script> make_connection_script(fault_kind kind, const site_response& answer);
/// Where the answer ends, and what is said of it: lengths, chunks, versions.
std::optional<fault_script> make_framing_script(fault_kind kind, const site_response& answer);
/// More than anyone should take: floods and bombs.
std::optional<fault_script> make_flood_script(fault_kind kind, const site_response& answer);

/// Where a page can be cut so that what is before reads as a whole page with fewer fares: between two rows,
/// or, if it has none, at half.
std::size_t place_to_cut(std::string_view page);

}  // namespace farebench
