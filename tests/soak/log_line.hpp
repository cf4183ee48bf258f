#pragma once

#include <string_view>

#include "tests/soak/run_record.hpp"

namespace farebench::soak {

/// One line of a fault log (see fault_log). Throws std::runtime_error with the line when it is not one.
logged_exchange read_log_line(std::string_view line);

}  // namespace farebench::soak
