#pragma once

#include <optional>
#include <string>
#include <string_view>

// Redirects (RFC 9110, 15.4), for any transport.
namespace farebench {

/// Returns true if a response with this status and a Location is followed: every 3xx except 304, the
/// response to a conditional request, and the obsolete 305 and 306. Unknown ones count as 300.
constexpr bool is_redirect(int status) {
  return status >= 300 && status <= 399 && (status < 304 || status > 306);
}

/// Returns true if the next request repeats the method and the body. Otherwise it is a GET: after 303, except
/// to a HEAD, and after a POST that 301 or 302 redirects, as every browser does.
constexpr bool keeps_method(int status, bool is_head, bool is_post) {
  return status == 303 ? is_head : !is_post || (status != 301 && status != 302);
}

/// Returns the URL to which a response from `url` redirects, with the fragment of `url` if `location` has
/// none. Blanks, control characters and bytes outside ASCII are percent-encoded.
///
/// Returns nullopt if the target is not an http or https URL with a host. The same for a `location` with a
/// user or password, which usually hide the host (RFC 9110, 4.2.4).
std::optional<std::string> redirect_target(std::string_view url, std::string_view location);

}  // namespace farebench
