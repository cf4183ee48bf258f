#include "site/search_form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "farebench/date.hpp"

namespace farebench {
namespace {

/// Percent-encoding of the URL standard's application/x-www-form-urlencoded serializer.
void append_encoded(std::string& out, std::string_view text) {
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '*' || c == '-' || c == '.' || c == '_';
    if (plain) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
}

bool is_control(char c) { return (c >= '\0' && c < ' ' && c != '\t') || c == '\x7F'; }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  return first == text.npos ? text.substr(text.size())
                            : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

std::optional<std::string_view> session_of(std::string_view set_cookie) {
  const auto pair = trimmed(set_cookie.substr(0, set_cookie.find(';')));
  const auto name_end = pair.find('=');
  if (name_end == pair.npos || trimmed(pair.substr(0, name_end)) != session_cookie) return std::nullopt;
  if (trimmed(pair.substr(name_end + 1)).empty()) return std::nullopt;
  if (std::ranges::any_of(pair, is_control)) return std::nullopt;
  return pair;
}

std::expected<std::string, fetch_error> search_form_body(const query& asked) {
  const auto invalid = [](std::string detail) {
    return std::unexpected(fetch_error{fetch_error_kind::invalid_query, std::move(detail)});
  };
  if (asked.from.empty() || asked.to.empty()) return invalid("a station is empty");
  const int year = static_cast<int>(asked.date.year());
  if (!asked.date.ok() || year < 2000 || year > 2099) {
    return invalid("the date does not exist or is outside 2000 to 2099");
  }
  constexpr std::size_t fields_bytes = sizeof "fromStation=&toStation=&departure=dd.mm.yy";
  std::string body;
  body.reserve(fields_bytes + asked.from.size() + asked.to.size());  // held while the start page is fetched
  body += "fromStation=";
  append_encoded(body, asked.from);
  body += "&toStation=";
  append_encoded(body, asked.to);
  body += "&departure=";
  append_encoded(body, format_form_date(asked.date));
  return body;
}

}  // namespace farebench
