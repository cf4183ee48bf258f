#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "farebench/fare.hpp"
#include "farebench/fetch_error.hpp"

namespace farebench {

// The site's addresses and its one form. Pure; any thread.

inline constexpr std::string_view start_page_path = "/m/";
inline constexpr std::string_view search_path = "/m/?0-1.IFormSubmitListener-searchForm-form";

/// The body of the search POST, application/x-www-form-urlencoded; `invalid_query` when the form
/// cannot hold the query (an empty station, a date outside 2000 to 2099: the form has two digits a year).
std::expected<std::string, fetch_error> search_form_body(const query& asked);

inline constexpr std::string_view session_cookie = "JSESSIONID";

/// "JSESSIONID=…", the part of a Set-Cookie header's value that goes back in a Cookie header with the search;
/// nullopt when it sets another cookie, takes this one back by an empty value, or sets it for where the
/// search does not go: for another domain or path, or for https alone where the site is asked by http.
/// `base_url`: of the site that set it (see batch). Its age is left out of account: a scrape is over before a
/// session ends. Pure; any thread. (RFC 6265, 5.1.3, 5.1.4, 5.2 to 5.4)
std::optional<std::string_view> session_of(std::string_view set_cookie, std::string_view base_url);

}  // namespace farebench
