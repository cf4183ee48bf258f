#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace farebench {

/// Dates as text, for flags, forms and tables. Pure functions; any thread.
/// The parsers take exactly the stated form and a date that exists; anything else is nullopt.

/// "2026-03-01" (ISO 8601), years 0000 to 9999.
std::string format_iso_date(std::chrono::year_month_day date);
std::optional<std::chrono::year_month_day> parse_iso_date(std::string_view text);

/// "01.03.26": the site's form field, two digits of the year, read as 2000 to 2099.
std::string format_form_date(std::chrono::year_month_day date);
std::optional<std::chrono::year_month_day> parse_form_date(std::string_view text);

}  // namespace farebench
