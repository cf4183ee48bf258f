#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// Dates as text, for flags, the search form and tables. Pure functions; any thread.
///
/// The parsers accept exactly the documented format and return nullopt for anything else, including dates
/// that do not exist.
namespace farebench {

/// ISO 8601, "2026-03-01"; years 0000 to 9999.
std::string format_iso_date(std::chrono::year_month_day date);
/// See format_iso_date.
std::optional<std::chrono::year_month_day> parse_iso_date(std::string_view text);

/// Format of the site's search form, "01.03.26". The two-digit year stands for 2000 to 2099.
std::string format_form_date(std::chrono::year_month_day date);
/// See format_form_date.
std::optional<std::chrono::year_month_day> parse_form_date(std::string_view text);

}  // namespace farebench
