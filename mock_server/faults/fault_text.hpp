#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "mock_server/faults/fault_rates.hpp"

namespace farebench {

/// "reset_mid_body:2%,status_503:0.5%": names of fault_table, each once, with its rate, four decimals at
/// most, 100 % at most together. The error is one line that says what is wrong; for an unknown name, all
/// there are.
std::expected<fault_rates, std::string> parse_faults(std::string_view text);

/// All faults, a line each: name, steps, meaning.
std::string list_of_faults();

}  // namespace farebench
