#include "native/request_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <vector>

#include "http/text.hpp"

namespace farebench {
namespace {

void append_number(std::string& text, std::size_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
}

/// Appends path and query, without dot segments and fragment.
void append_target(std::string& text, const request_parts& parts) {
  const auto target = text_before(parts.origin.target, "#");
  if (!target.starts_with('/')) text += '/';
  if (!text_before(target, "?").contains("/.")) {
    text += target;
    return;
  }
  const auto resolved = resolve_url(parts.url, parts.url);
  text += text_before(origin_of(resolved)->target, "#");
}

void append_host(std::string& text, const url_origin& origin) {
  constexpr int http_port = 80;
  text += origin.host;
  if (origin.port == http_port) return;
  text += ':';
  append_number(text, static_cast<std::size_t>(origin.port));
}

bool has_field(const std::vector<std::string>& lines, std::string_view name) {
  return std::ranges::any_of(
      lines, [name](const std::string& line) { return equals_ignoring_case(text_before(line, ":"), name); });
}

}  // namespace

void append_request(std::string& text, const request_parts& parts) {
  static const std::vector<std::string> none;
  const auto& lines = parts.is_at_origin ? parts.request.headers : none;
  const auto has_default = [&lines](std::string_view name) {
    return lines.empty() || !has_field(lines, name);
  };
  text += parts.has_form ? "POST " : "GET ";
  append_target(text, parts);
  text += " HTTP/1.1\r\n";
  if (has_default("Host")) {
    text += "Host: ";
    append_host(text, parts.origin);
    text += "\r\n";
  }
  if (has_default("Accept")) text += "Accept: */*\r\n";
  if (parts.accept_compressed && has_default("Accept-Encoding")) text += "Accept-Encoding: gzip\r\n";
  if (parts.is_at_origin && !parts.request.cookies.empty() && has_default("Cookie")) {
    if (const auto cookies = parts.request.cookies.header_for(parts.url); !cookies.empty())
      text.append("Cookie: ").append(cookies).append("\r\n");
  }
  for (const std::string& line : lines) text.append(line).append("\r\n");
  if (parts.has_form) {
    if (has_default("Content-Type")) text += "Content-Type: application/x-www-form-urlencoded\r\n";
    if (has_default("Content-Length")) {
      text += "Content-Length: ";
      append_number(text, parts.request.form.size());
      text += "\r\n";
    }
    text.append("\r\n").append(parts.request.form);
  } else {
    text += "\r\n";
  }
}

}  // namespace farebench
