#include "mock_server/site/row_places.hpp"

#include <optional>

#include "mock_server/site/row_layouts.hpp"

namespace farebench {
namespace {

using namespace row_layouts;

// The row that opens at `begin` if it is exactly this element around words so separated. What only looks like
// a row, in comments and scripts, is followed by something else than its closing tag and line end.
std::optional<row_place> place_of(std::string_view page, std::size_t begin, const element& row,
                                  const separators& between) {
  std::size_t at = begin + row.open.size();
  if (!page.substr(at).starts_with(between.front())) return std::nullopt;
  at += between.front().size();
  row_place place{};
  for (std::size_t i = 0; i < place.words.size(); ++i) {
    const std::string_view after = between[i + 1].empty() ? row.close : between[i + 1];
    const std::size_t end = page.find(after, at);
    const std::string_view word = page.substr(at, end - at);
    if (end == std::string_view::npos || word.empty() ||
        word.find_first_of("< \t\n") != std::string_view::npos) {
      return std::nullopt;
    }
    place.words[i] = {at, end};
    at = end + between[i + 1].size();
  }
  if (!page.substr(at).starts_with(row.close)) return std::nullopt;
  place.row = {begin, at + row.close.size()};
  return place;
}

std::optional<row_place> place_at(std::string_view page, std::size_t begin) {
  const std::string_view rest = page.substr(begin);
  if (rest.starts_with(table_row.open)) return place_of(page, begin, table_row, table_words);
  for (const element& row : compact_rows) {
    if (!rest.starts_with(row.open)) continue;
    if (const auto place = place_of(page, begin, row, verbose_words)) return place;
    for (const separators& between : compact_words) {
      if (const auto place = place_of(page, begin, row, between)) return place;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<row_place> places_of_bus_rows(std::string_view page) {
  std::vector<row_place> places;
  for (std::size_t at = 0; (at = page.find('<', at)) != std::string_view::npos;) {
    if (const auto place = place_at(page, at)) {
      places.push_back(*place);
      at = place->row.end;
    } else {
      ++at;
    }
  }
  return places;
}

}  // namespace farebench
