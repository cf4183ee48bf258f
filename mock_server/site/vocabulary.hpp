#pragma once

#include <array>
#include <span>
#include <string_view>

namespace farebench {

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

}  // namespace farebench
