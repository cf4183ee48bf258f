#pragma once

#include <optional>
#include <string_view>

namespace farebench {

// A header line as it comes off a connection, "Name: value\r\n". Pure; any thread.

/// Its value, without the blanks around it, if the header has that name; which is given in small letters, and
/// whose case means nothing in the line.
std::optional<std::string_view> header_value(std::string_view line, std::string_view name);

/// Of ASCII letters.
bool is_equal_but_for_case(std::string_view text, std::string_view in_small_letters);

}  // namespace farebench
