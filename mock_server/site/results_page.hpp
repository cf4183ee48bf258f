#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "farebench/fare.hpp"

namespace farebench {

/// Where a bus row is on a page of the site: byte offsets.
struct row_place {
  struct span {
    std::size_t begin;
    std::size_t end;
  };
  span row;                   ///< from its opening tag to the line end behind its closing one
  std::array<span, 6> words;  ///< as HTML spells them
};

/// Those of a page that results_page made, in page order; none in any other. A pure function.
std::vector<row_place> find_bus_rows(std::string_view page);

/// What all pages of the site begin and end with, appended to a page.

/// Where the search form is posted to: path and query.
inline constexpr std::string_view start_target = "/m/";
inline constexpr std::string_view search_target = "/m/?0-1.IFormSubmitListener-searchForm-form";

/// From the doctype to the opened body and its navigation. `title_html` is HTML text.
void append_page_head(std::string& page, std::string_view title_html);

/// The search form, filled in with these values (plain ASCII: ids and a dd.mm.yy date, or nothing).
void append_search_form(std::string& page, std::string_view from, std::string_view to,
                        std::string_view departure);

/// Closes what append_page_head opened.
inline constexpr std::string_view page_end = "</body>\n</html>\n";

/// The site's answer to a search: an HTML page, UTF-8, of exactly page_kb × 1024 bytes, that holds
/// timetable(asked, page_kb) as its rows of class `select-line`, among all that real pages have around
/// theirs: train rows, comments and scripts that quote a row, `>` within attributes. Well nested, so
/// that every HTML parser reads the same. A pure function of its arguments.
/// Throws std::invalid_argument for a size outside the bounds of page_size.hpp.
std::string results_page(const query& asked, std::size_t page_kb);

}  // namespace farebench
