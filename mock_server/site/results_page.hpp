#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "farebench/fare.hpp"

namespace farebench {

/// Path of the start page.
inline constexpr std::string_view start_target = "/m/";
/// Path and query to which the search form is posted.
inline constexpr std::string_view search_target = "/m/?0-1.IFormSubmitListener-searchForm-form";

/// Returns the start page, UTF-8: the empty search form.
std::string start_page();

/// Returns the results page of a search, UTF-8, of exactly page_kb × 1024 bytes. Its elements of class
/// `select-line` are the rows of timetable(search, page_kb). As on real pages, other content surrounds them:
/// train rows, comments and scripts that quote a row, `>` within attributes. The HTML is well nested, so
/// every parser finds the same rows. A pure function of its arguments.
/// Throws std::invalid_argument if `page_kb` is out of bounds (see check_page_kb).
std::string results_page(const query& search, std::size_t page_kb);

/// Position of a bus row on a results page, in bytes.
struct row_place {
  struct span {
    std::size_t begin;
    std::size_t end;
  };
  /// From the opening tag to the line end after the closing tag.
  span row;
  /// The six words of the fare in their HTML spelling.
  std::array<span, 6> words;
};

/// Returns the bus rows of a page that results_page generated, in page order. Returns no rows for any other
/// text. A pure function.
std::vector<row_place> find_bus_rows(std::string_view page);

}  // namespace farebench
