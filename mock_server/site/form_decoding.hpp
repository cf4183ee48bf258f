#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace farebench {

/// Name and value of each field, in order; names may repeat.
using form_fields = std::vector<std::pair<std::string, std::string>>;

/// Decodes an application/x-www-form-urlencoded body (WHATWG URL, section 5.1), but strictly: a `%` that
/// two hex digits do not follow is an error, one line that says where, and never taken as it stands.
std::expected<form_fields, std::string> decode_form(std::string_view body);

}  // namespace farebench
