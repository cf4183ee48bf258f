#pragma once

#include <cstddef>

namespace farebench {

/// Sizes of a results page, in KiB. Below the least, the head and one row do not fit; above the most,
/// a page would pass the body limits that clients set by default.
inline constexpr std::size_t min_page_kb = 2;
inline constexpr std::size_t max_page_kb = 4096;

/// Throws std::invalid_argument, naming the bounds, when `page_kb` is outside them.
void check_page_kb(std::size_t page_kb);

}  // namespace farebench
