#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

namespace farebench {

/// "20ms", "1s", "1.5s", "250us", "0": a non-negative number with its unit (us, ms, s); zero needs
/// none. At most one hour. The error is one line that says what is wrong and shows the form.
std::expected<std::chrono::microseconds, std::string> parse_duration(std::string_view text);

/// The shortest such text: "20ms", "1.5s", "0".
std::string format_duration(std::chrono::microseconds duration);

}  // namespace farebench
