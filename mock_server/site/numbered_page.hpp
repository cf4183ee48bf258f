#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace farebench {

/// Path of a numbered page, without its number: /page/0 to /page/999999.
inline constexpr std::string_view numbered_page_path = "/page/";
inline constexpr std::uint32_t max_page_number = 999'999;

/// Returns the number of the page at a target such as "/page/17": decimal digits without leading zeros.
/// Returns nullopt for any other text.
std::optional<std::uint32_t> parse_page_target(std::string_view target);

/// Returns the body of a numbered page: text of exactly page_kb × 1024 bytes (ASCII), which begins with the
/// number. A pure function of its arguments, about as fast as a copy of the bytes.
/// Throws std::invalid_argument if `page_kb` is out of bounds (see check_page_kb).
std::string page_body(std::uint32_t number, std::size_t page_kb);

}  // namespace farebench
