#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace farebench {

/// Parses a size in KiB: "20", "20K", "20KB" and "20KiB" are 20 KiB, and "1M", "1MB" and "1MiB" 1,024 KiB.
/// The error is one line with the valid range.
std::expected<std::size_t, std::string> parse_kib(std::string_view text, std::size_t min, std::size_t max);

/// Parses a non-negative number with its unit (us, ms, s or min), at most one hour: "20ms", "1.5s", "250us".
/// Zero needs no unit. The error is one line with the reason and examples.
std::expected<std::chrono::microseconds, std::string> parse_duration(std::string_view text);

/// Formats a duration for parse_duration(), in the largest unit that gives at least 1: "20ms", "1.5s", "0".
std::string format_duration(std::chrono::microseconds duration);

}  // namespace farebench
