#pragma once

#include <optional>
#include <string_view>

namespace farebench {

inline constexpr std::string_view session_cookie = "JSESSIONID";

/// "JSESSIONID=…", the part of a Set-Cookie header's value that goes back in a Cookie header with the search;
/// nullopt when it sets another cookie, takes this one back by an empty value, or sets it for where the
/// search does not go: for another domain or path, or for https alone where the site is asked by http.
/// `base_url`: of the site that set it (see batch). Its age is left out of account: a scrape is over before a
/// session ends. Pure; any thread. (RFC 6265, 5.1.3, 5.1.4, 5.2 to 5.4)
std::optional<std::string_view> session_of(std::string_view set_cookie, std::string_view base_url);

}  // namespace farebench
