#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "farebench/fare.hpp"

namespace farebench {

/// Bounds of a results page's size, in KiB. The minimum has room for the page's frame and five rows. The
/// maximum is below the body limits that clients set by default.
inline constexpr std::size_t min_page_kb = 2;
inline constexpr std::size_t max_page_kb = 4096;

/// Throws std::invalid_argument, naming the bounds, if `page_kb` is outside them.
void check_page_kb(std::size_t page_kb);

/// A word of a fare, and two HTML spellings of it: raw, or with character references.
struct printed_word {
  std::string_view text;
  std::array<std::string_view, 2> html;
};

/// Service classes and currencies. Each is one word without white space.
std::span<const printed_word> service_types();
std::span<const printed_word> currencies();

/// Hash of (from, to, date, page_kb). Seeds everything that the site generates for this search.
std::uint64_t timetable_seed(const query& search, std::size_t page_kb);

/// Returns the fares on the results page of this search and size: at least one, sorted by departure. A pure
/// function, the same on every platform: the bench checks the fares that strategies return against it.
/// Throws std::invalid_argument if `page_kb` is out of bounds.
std::vector<fare> timetable(const query& search, std::size_t page_kb);

}  // namespace farebench
