#include "farebench/site_protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

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

}  // namespace

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

namespace {

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  return first == text.npos ? text.substr(text.size())
                            : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool is_same_but_for_case(std::string_view one, std::string_view other) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(one, other, {}, lower, lower);
}

bool is_control(char c) { return (c >= '\0' && c < ' ' && c != '\t') || c == '\x7F'; }

std::string_view before(std::string_view text, char c) { return text.substr(0, text.find(c)); }

/// "Path=/m" → "Path", "/m"; of a part without `=`, an empty value.
std::pair<std::string_view, std::string_view> name_and_value(std::string_view part) {
  const auto name = before(part, '=');
  return {without_blanks(name), without_blanks(part.substr(std::min(name.size() + 1, part.size())))};
}

/// Takes the part of `text` up to the next `;` off it.
std::string_view take_part(std::string_view& text) {
  const auto part = before(text, ';');
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return without_blanks(part);
}

/// "http://[::1]:8080" → "[::1]".
std::string_view host_of(std::string_view base_url) {
  constexpr std::string_view mark = "://";
  const auto at = base_url.find(mark);
  const auto rest = base_url.substr(at == base_url.npos ? 0 : at + mark.size());
  if (rest.starts_with('[')) return rest.substr(0, rest.find(']') + 1);
  return before(before(rest, '/'), ':');
}

/// An address has no domains above it.
bool is_address(std::string_view host) {
  return host.starts_with('[') || host.find_first_not_of("0123456789.") == host.npos;
}

bool is_of_domain(std::string_view host, std::string_view domain) {
  if (domain.starts_with('.')) domain.remove_prefix(1);
  if (domain.empty() || is_same_but_for_case(host, domain)) return true;
  if (is_address(host) || host.size() <= domain.size()) return false;
  const auto above = host.size() - domain.size();
  return host[above - 1] == '.' && is_same_but_for_case(host.substr(above), domain);
}

bool is_under_path(std::string_view asked, std::string_view path) {
  if (!path.starts_with('/')) return true;  // then it is the start page's own, which the search is under
  if (!asked.starts_with(path)) return false;
  return asked.size() == path.size() || path.ends_with('/') || asked[path.size()] == '/';
}

}  // namespace

std::optional<std::string_view> session_of(std::string_view set_cookie, std::string_view base_url) {
  const auto pair = take_part(set_cookie);
  const auto [name, session] = name_and_value(pair);
  if (name != session_cookie || session.empty()) return std::nullopt;
  if (std::ranges::any_of(pair, is_control)) return std::nullopt;

  // Of two attributes of one name, the last counts.
  bool is_for_host = true;
  bool is_for_path = true;
  bool is_for_scheme = true;
  while (!set_cookie.empty()) {
    const auto [attribute, value] = name_and_value(take_part(set_cookie));
    if (is_same_but_for_case(attribute, "domain")) {
      is_for_host = is_of_domain(host_of(base_url), value);
    } else if (is_same_but_for_case(attribute, "path")) {
      is_for_path = is_under_path(before(search_path, '?'), value);
    } else if (is_same_but_for_case(attribute, "secure")) {
      is_for_scheme = is_same_but_for_case(before(base_url, ':'), "https");
    }
  }
  if (!is_for_host || !is_for_path || !is_for_scheme) return std::nullopt;
  return pair;
}

}  // namespace farebench
