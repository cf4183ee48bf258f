#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "farebench/query.hpp"

namespace farebench {

/// Reads the body of a posted search form: fromStation and toStation ("ID" and 1 to 18 digits) and
/// departure (dd.mm.yy, a date that exists), each exactly once; other fields are left alone, as hidden
/// fields come with forms. The error is one line naming the field and what it should be.
std::expected<query, std::string> read_search_form(std::string_view body);

}  // namespace farebench
