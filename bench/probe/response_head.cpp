#include "bench/probe/response_head.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "farebench/site_protocol.hpp"

namespace farebench {
namespace {

std::unexpected<fetch_error> invalid(const char* detail) {
  return std::unexpected(fetch_error{fetch_error_kind::bad_response, detail});
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Returns true if the header line has that name, given in lower case.
bool has_name(std::string_view line, std::string_view name) {
  return line.size() > name.size() && line[name.size()] == ':' &&
         std::ranges::equal(line.substr(0, name.size()), name, {}, lower);
}

std::string_view value_of(std::string_view line, std::string_view name) {
  line.remove_prefix(name.size() + 1);
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  return line;
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Returns the value of a JSESSIONID cookie, or nothing for another cookie.
std::string_view session_of(std::string_view cookie) {
  if (!cookie.starts_with(session_cookie_name) || cookie.substr(session_cookie_name.size(), 1) != "=")
    return {};
  cookie.remove_prefix(session_cookie_name.size() + 1);
  return cookie.substr(0, cookie.find(';'));
}

}  // namespace

std::expected<std::optional<response_head>, fetch_error> read_response_head(std::string_view text) {
  constexpr std::string_view version = "HTTP/1.1 ";
  constexpr std::string_view blank_line = "\r\n\r\n";
  constexpr std::string_view length_name = "content-length";
  constexpr std::string_view cookie_name = "set-cookie";
  constexpr std::size_t status_digits = 3;

  const auto common = std::min(text.size(), version.size());
  if (text.substr(0, common) != version.substr(0, common)) return invalid("not an HTTP/1.1 response");
  const auto end = text.find(blank_line);
  if (end == std::string_view::npos) return std::optional<response_head>{};

  response_head head{.bytes = end + blank_line.size()};
  const auto status = parse_number<int>(text.substr(version.size(), status_digits));
  if (!status || *status < 100) return invalid("invalid status");
  head.status = *status;

  bool has_length = false;
  auto line_begin = text.find("\r\n") + 2;
  while (line_begin < end) {
    const auto line_end = text.find("\r\n", line_begin);
    const auto line = text.substr(line_begin, line_end - line_begin);
    if (has_name(line, length_name)) {
      const auto length = parse_number<std::size_t>(value_of(line, length_name));
      if (!length) return invalid("invalid Content-Length");
      head.content_length = *length;
      has_length = true;
    } else if (has_name(line, cookie_name)) {
      if (const auto session = session_of(value_of(line, cookie_name)); !session.empty())
        head.session = session;
    }
    line_begin = line_end + 2;
  }
  if (!has_length) return invalid("no Content-Length");
  return head;
}

}  // namespace farebench
