#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "farebench/fetch_error.hpp"
#include "farebench/query.hpp"

namespace farebench {

// The site's addresses and its one form. Pure; any thread.

inline constexpr std::string_view start_page_path = "/m/";
inline constexpr std::string_view search_path = "/m/?0-1.IFormSubmitListener-searchForm-form";
inline constexpr std::string_view session_cookie = "JSESSIONID";

/// "JSESSIONID=…", the part of a Set-Cookie header's value that goes back in a Cookie header; nullopt when it
/// sets another cookie, takes this one back by an empty value, or has a control character in the part. Its
/// attributes are left out of account: the session is the whole site's, and a scrape is over before it ends.
/// (RFC 6265, 5.2; control characters: 6265bis, 5.6)
std::optional<std::string_view> session_of(std::string_view set_cookie);

/// The body of the search POST, application/x-www-form-urlencoded; `invalid_query` when the form
/// cannot hold the query (an empty station, a date outside 2000 to 2099: the form has two digits a year).
std::expected<std::string, fetch_error> search_form_body(const query& asked);

}  // namespace farebench
