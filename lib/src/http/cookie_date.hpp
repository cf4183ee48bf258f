#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace farebench {

/// Parses the value of an Expires attribute by the tolerant rules of RFC 6265, 5.1.1. Returns nullopt if a
/// part is missing or no such date exists.
std::optional<std::chrono::sys_seconds> parse_cookie_date(std::string_view text);

}  // namespace farebench
