#pragma once

#include <string>
#include <string_view>

namespace farebench {

/// The text as it fits in a line of a table and in JSON: each control character a blank, none at
/// either end, and what isn't UTF-8 replaced by U+FFFD.
std::string one_line(std::string_view text);

}  // namespace farebench
