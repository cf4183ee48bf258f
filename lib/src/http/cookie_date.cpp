#include "http/cookie_date.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "http/text.hpp"

namespace farebench {
namespace {

using namespace std::chrono;

bool is_delimiter(char c) {
  return c == '\t' || (c >= ' ' && c <= '/') || (c >= ';' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

/// Removes a number of `min_digits` to `max_digits` digits from `text`. Returns nullopt, and removes nothing,
/// if it has fewer or more.
std::optional<int> extract_number(std::string_view& text, std::size_t min_digits, std::size_t max_digits) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits < min_digits || digits > max_digits) return std::nullopt;
  int number = 0;
  for (const char c : text.substr(0, digits)) number = 10 * number + (c - '0');
  text.remove_prefix(digits);
  return number;
}

struct time_of_day {
  int hours;
  int minutes;
  int seconds;
};

/// Parses "8:49:37", which other text may follow. Checks no ranges.
std::optional<time_of_day> parse_time_of_day(std::string_view token) {
  std::array<int, 3> parts{};
  for (int& part : parts) {
    if (&part != parts.data()) {
      if (!token.starts_with(':')) return std::nullopt;
      token.remove_prefix(1);
    }
    const auto number = extract_number(token, 1, 2);
    if (!number) return std::nullopt;
    part = *number;
  }
  return time_of_day{parts[0], parts[1], parts[2]};
}

/// Parses "November" or "nov".
std::optional<month> parse_month(std::string_view token) {
  constexpr std::size_t letters = 3;
  constexpr std::array<std::string_view, 12> names{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
  const auto found = std::ranges::find_if(
      names, [&](std::string_view name) { return equals_ignoring_case(token.substr(0, letters), name); });
  if (found == names.end()) return std::nullopt;
  return month{static_cast<unsigned>(found - names.begin()) + 1};
}

/// 70 to 99 are in the 20th century, 0 to 69 in the 21st.
int full_year(int number) {
  if (number > 99) return number;
  return number + (number < 70 ? 2000 : 1900);
}

}  // namespace

std::optional<sys_seconds> parse_cookie_date(std::string_view text) {
  constexpr int first_year = 1601;
  std::optional<time_of_day> time;
  std::optional<int> day_number;
  std::optional<month> found_month;
  std::optional<int> year_number;
  while (!text.empty()) {
    const auto size = static_cast<std::size_t>(std::ranges::find_if(text, is_delimiter) - text.begin());
    std::string_view token = text.substr(0, size);
    text.remove_prefix(std::min(size + 1, text.size()));
    // Each token is the first missing part that it can be.
    if (!time) {
      time = parse_time_of_day(token);
      if (time) continue;
    }
    if (!day_number) {
      day_number = extract_number(token, 1, 2);
      if (day_number) continue;
    }
    if (!found_month) {
      found_month = parse_month(token);
      if (found_month) continue;
    }
    if (!year_number) year_number = extract_number(token, 2, 4);
  }
  if (!time || !day_number || !found_month || !year_number) return std::nullopt;
  const auto [hours_part, minutes_part, seconds_part] = *time;
  if (hours_part > 23 || minutes_part > 59 || seconds_part > 59) return std::nullopt;
  const year_month_day date{year{full_year(*year_number)}, *found_month,
                            day{static_cast<unsigned>(*day_number)}};
  if (!date.ok() || date.year() < year{first_year}) return std::nullopt;
  return sys_days{date} + hours{hours_part} + minutes{minutes_part} + seconds{seconds_part};
}

}  // namespace farebench
