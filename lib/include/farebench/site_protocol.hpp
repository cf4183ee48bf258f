#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "farebench/fare.hpp"
#include "farebench/fetch_error.hpp"

/// The site's protocol: two paths, a search form and a session cookie. Pure functions; any thread.
///
/// A scrape is two exchanges in a fresh session:
/// 1. GET of `start_page_path` → 200 and a cookie named `session_cookie_name`, for `search_path`.
/// 2. POST of `search_form_body` to `search_path`, with the session's cookies → 200 and the results
///    page; see `fare_scanner`.
namespace farebench {

/// Path of the start page. Each GET without a cookie begins a session.
inline constexpr std::string_view start_page_path = "/m/";

/// Path and query string to which the search form is posted.
inline constexpr std::string_view search_path = "/m/?0-1.IFormSubmitListener-searchForm-form";

/// Name of the cookie that holds the session.
inline constexpr std::string_view session_cookie_name = "JSESSIONID";

/// Returns the body of the search POST, as application/x-www-form-urlencoded. Returns `invalid_query` if a
/// station is empty, or if the date does not exist or is outside 2000 to 2099: the form has two-digit years.
std::expected<std::string, fetch_error> search_form_body(const query& search);

}  // namespace farebench
