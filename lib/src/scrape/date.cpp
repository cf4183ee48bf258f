#include "farebench/date.hpp"

#include <fmt/format.h>

namespace farebench {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::year;
using std::chrono::year_month_day;

std::optional<unsigned> parse_digits(std::string_view text) {
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

/// Returns nullopt if a part is missing or the date does not exist.
std::optional<year_month_day> existing_date(std::optional<unsigned> y, std::optional<unsigned> m,
                                            std::optional<unsigned> d) {
  if (!y || !m || !d) return std::nullopt;
  const year_month_day date{year{static_cast<int>(*y)}, month{*m}, day{*d}};
  if (!date.ok()) return std::nullopt;
  return date;
}

}  // namespace

std::string format_iso_date(year_month_day date) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::optional<year_month_day> parse_iso_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  return existing_date(parse_digits(text.substr(0, 4)), parse_digits(text.substr(5, 2)),
                       parse_digits(text.substr(8, 2)));
}

std::string format_form_date(year_month_day date) {
  return fmt::format("{:02}.{:02}.{:02}", static_cast<unsigned>(date.day()),
                     static_cast<unsigned>(date.month()), static_cast<int>(date.year()) % 100);
}

std::optional<year_month_day> parse_form_date(std::string_view text) {
  if (text.size() != 8 || text[2] != '.' || text[5] != '.') return std::nullopt;
  const auto two_digit_year = parse_digits(text.substr(6, 2));
  if (!two_digit_year) return std::nullopt;
  return existing_date(2000 + *two_digit_year, parse_digits(text.substr(3, 2)),
                       parse_digits(text.substr(0, 2)));
}

}  // namespace farebench
