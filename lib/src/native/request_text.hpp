#pragma once

#include <string>
#include <string_view>

#include "farebench/exchange.hpp"
#include "http/url.hpp"

namespace farebench {

/// One request of an exchange, as a redirect may have changed it.
struct request_parts {
  /// A usable URL, and its origin.
  std::string_view url;
  const url_origin& origin;
  const exchange_request& request;
  /// The request is a GET without a body, whatever its method was.
  bool is_changed_to_get = false;
  /// The request's cookies and additional header are for this URL.
  bool is_at_origin = true;
  bool accept_compressed = false;
};

/// Appends the request, a valid one, to `text` (RFC 9112, 3). An additional field replaces the default field
/// of its name.
/// Throws std::bad_alloc.
void append_request(std::string& text, const request_parts& parts);

}  // namespace farebench
