#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace farebench {

/// Components of a URI reference (RFC 3986, appendix B), as parts of the split text. An empty component
/// differs from a missing one. Only a path and, in an absolute reference, a scheme always exist.
struct url_parts {
  std::optional<std::string_view> scheme;
  std::optional<std::string_view> authority;
  std::string_view path;
  std::optional<std::string_view> query;
  std::optional<std::string_view> fragment;
};

/// Splits any text. Validates nothing.
url_parts split_url(std::string_view reference);

/// Server of an http or https URL, as parts of the URL. Reading it costs less than split_url.
struct url_origin {
  bool is_https = false;
  /// A user name or password precedes the host.
  bool has_user = false;
  /// In the case of the URL; an IPv6 address is in brackets.
  std::string_view host;
  int port = 0;
  /// Path, query and fragment: what follows in the URL. May be empty.
  std::string_view target;
};

/// Returns nullopt if `url` is not an absolute http or https URL with a valid host and port.
std::optional<url_origin> origin_of(std::string_view url);

/// Returns true if origin_of accepts `url` and it has neither blanks nor control characters.
bool is_usable_url(std::string_view url);

/// Returns true if both URLs are http or https with equal schemes, hosts and ports.
bool same_origin(std::string_view left, std::string_view right);

/// Resolves `reference` against `base`, an absolute URL (RFC 3986, 5.2.2, strictly).
std::string resolve_url(std::string_view base, std::string_view reference);

}  // namespace farebench
