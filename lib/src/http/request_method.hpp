#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "farebench/exchange.hpp"

namespace farebench {

/// Returns true for a token of RFC 9110, 5.6.2, such as a method or the name of a field.
bool is_token(std::string_view text);

/// Returns true if the request has a body or is usually expected to have one, so that it says how long its
/// body is even if it has none (RFC 9110, 8.6).
bool sends_content(const exchange_request& request);

/// Returns true if one of the header lines has this name.
bool has_field(const std::vector<std::string>& lines, std::string_view name);

/// Returns true if a header line describes the body: it is sent with the body, wherever that goes.
bool describes_body(std::string_view line);

/// Returns true if the request may be sent again without another effect (RFC 9110, 9.2.2).
bool is_idempotent(const exchange_request& request);

/// Returns true if the request may be sent once more after a connection has been lost without a response.
bool is_repeatable(const exchange_request& request);

}  // namespace farebench
