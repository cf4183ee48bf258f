#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "farebench/fare.hpp"

namespace farebench {

/// Sizes of a results page, in KiB. Below the least, the head and one row do not fit; above the most,
/// a page would pass the body limits that clients set by default.
inline constexpr std::size_t min_page_kb = 2;
inline constexpr std::size_t max_page_kb = 4096;

/// Throws std::invalid_argument, naming the bounds, when `page_kb` is outside them.
void check_page_kb(std::size_t page_kb);

/// A word that the site prints, and ways in which HTML can spell it: raw, or with entities that HTML 4
/// already had (libxml2 knows no others).
struct printed_word {
  std::string_view text;
  std::array<std::string_view, 2> html;
};

/// Service classes and currencies. Each is one word without white space.
std::span<const printed_word> service_types();
std::span<const printed_word> currencies();

/// The entry of `words` with that text; `words` must hold it.
const printed_word& spelling_of(std::span<const printed_word> words, std::string_view text);

/// Names of stations as HTML text, safe within a quoted attribute too; some non-ASCII, some with entities.
std::span<const std::string_view> station_names();

/// The name that goes with a station id; the same id always has the same name.
std::string_view station_name(std::string_view station_id);

/// The number that stands for (from, to, date, page_kb): whatever the site makes up follows from it.
std::uint64_t timetable_seed(const query& asked, std::size_t page_kb);

/// The fares that the results page of this query and size holds, in page order: at least one, by
/// departure. A pure function of its arguments, the same on every platform; the bench compares what
/// a strategy brought home with it. Throws std::invalid_argument for a size outside the bounds of
/// page_size.hpp.
std::vector<fare> timetable(const query& asked, std::size_t page_kb);

}  // namespace farebench
