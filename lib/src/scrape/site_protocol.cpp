#include "farebench/site_protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "farebench/date.hpp"

namespace farebench {
namespace {

/// Appends `text` in the percent-encoding of the URL standard's application/x-www-form-urlencoded serializer.
void append_encoded(std::string& body, std::string_view text) {
  for (const char c : text) {
    const bool is_unreserved = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                               c == '*' || c == '-' || c == '.' || c == '_';
    if (is_unreserved) {
      body += c;
    } else if (c == ' ') {
      body += '+';
    } else {
      fmt::format_to(std::back_inserter(body), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == text.npos) return text.substr(text.size());
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(left, right, {}, lower, lower);
}

bool is_control(char c) { return (c >= '\0' && c < ' ' && c != '\t') || c == '\x7F'; }

std::string_view text_before(std::string_view text, char delimiter) {
  return text.substr(0, text.find(delimiter));
}

/// Removes the text up to the next `;` from `set_cookie` and returns it.
std::string_view extract_part(std::string_view& set_cookie) {
  const auto part = text_before(set_cookie, ';');
  set_cookie.remove_prefix(std::min(part.size() + 1, set_cookie.size()));
  return trim(part);
}

/// Splits "Path=/m" into "Path" and "/m". The value is empty if there is no `=`.
std::pair<std::string_view, std::string_view> split_part(std::string_view part) {
  const auto name = text_before(part, '=');
  return {trim(name), trim(part.substr(std::min(name.size() + 1, part.size())))};
}

/// "http://[::1]:8080" → "[::1]".
std::string_view host_of(std::string_view base_url) {
  constexpr std::string_view scheme_end = "://";
  const auto scheme_size = base_url.find(scheme_end);
  const auto authority = base_url.substr(scheme_size == base_url.npos ? 0 : scheme_size + scheme_end.size());
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return text_before(text_before(authority, '/'), ':');
}

bool is_ip_address(std::string_view host) {
  return host.starts_with('[') || host.find_first_not_of("0123456789.") == host.npos;
}

/// RFC 6265, section 5.1.3. An IP address has no parent domains.
bool matches_domain(std::string_view host, std::string_view domain) {
  if (domain.starts_with('.')) domain.remove_prefix(1);
  if (domain.empty() || equals_ignoring_case(host, domain)) return true;
  if (is_ip_address(host) || host.size() <= domain.size()) return false;
  const auto suffix = host.size() - domain.size();
  return host[suffix - 1] == '.' && equals_ignoring_case(host.substr(suffix), domain);
}

/// RFC 6265, section 5.1.4. A relative `cookie_path` stands for the path of the start page, which is a prefix
/// of the search's.
bool matches_path(std::string_view request_path, std::string_view cookie_path) {
  if (!cookie_path.starts_with('/')) return true;
  if (!request_path.starts_with(cookie_path)) return false;
  return request_path.size() == cookie_path.size() || cookie_path.ends_with('/') ||
         request_path[cookie_path.size()] == '/';
}

}  // namespace

std::expected<std::string, fetch_error> search_form_body(const query& search) {
  const auto invalid = [](std::string detail) {
    return std::unexpected(fetch_error{fetch_error_kind::invalid_query, std::move(detail)});
  };
  if (search.from.empty() || search.to.empty()) return invalid("a station is empty");
  const int year = static_cast<int>(search.date.year());
  if (!search.date.ok() || year < 2000 || year > 2099) {
    return invalid("the date does not exist or is outside 2000 to 2099");
  }
  constexpr std::size_t fields_bytes = sizeof "fromStation=&toStation=&departure=dd.mm.yy";
  std::string body;
  // Reserved to avoid spare capacity, because each worker holds the body while it fetches the start page.
  body.reserve(fields_bytes + search.from.size() + search.to.size());
  body += "fromStation=";
  append_encoded(body, search.from);
  body += "&toStation=";
  append_encoded(body, search.to);
  body += "&departure=";
  append_encoded(body, format_form_date(search.date));
  return body;
}

std::optional<std::string_view> session_from_set_cookie(std::string_view set_cookie,
                                                        std::string_view base_url) {
  const auto pair = extract_part(set_cookie);
  const auto [name, session] = split_part(pair);
  if (name != session_cookie_name || session.empty()) return std::nullopt;
  if (std::ranges::any_of(pair, is_control)) return std::nullopt;

  // If an attribute is repeated, the last one counts.
  bool domain_matches = true;
  bool path_matches = true;
  bool scheme_matches = true;
  while (!set_cookie.empty()) {
    const auto [attribute, value] = split_part(extract_part(set_cookie));
    if (equals_ignoring_case(attribute, "domain")) {
      domain_matches = matches_domain(host_of(base_url), value);
    } else if (equals_ignoring_case(attribute, "path")) {
      path_matches = matches_path(text_before(search_path, '?'), value);
    } else if (equals_ignoring_case(attribute, "secure")) {
      scheme_matches = equals_ignoring_case(text_before(base_url, ':'), "https");
    }
  }
  if (!domain_matches || !path_matches || !scheme_matches) return std::nullopt;
  return pair;
}

}  // namespace farebench
