#pragma once

#include <string>
#include <string_view>

namespace farebench {

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

}  // namespace farebench
