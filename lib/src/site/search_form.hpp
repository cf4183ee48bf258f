#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "farebench/fetch_error.hpp"
#include "farebench/query.hpp"

namespace farebench {

// The site's addresses and its one form. Pure; any thread.

inline constexpr std::string_view start_page_path = "/m/";
inline constexpr std::string_view search_path = "/m/?0-1.IFormSubmitListener-searchForm-form";

/// The body of the search POST, application/x-www-form-urlencoded; `invalid_query` when the form
/// cannot hold the query (an empty station, a date outside 2000 to 2099: the form has two digits a year).
std::expected<std::string, fetch_error> search_form_body(const query& asked);

}  // namespace farebench
