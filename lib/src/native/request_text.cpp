#include "native/request_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

#include "http/request_method.hpp"
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

}  // namespace

void append_request(std::string& text, const request_parts& parts) {
  const exchange_request& request = parts.request;
  const bool has_content = sends_content(request);
  const bool sends_body = has_content && !parts.is_changed_to_get;
  const auto is_sent = [&](const std::string& line) {
    return has_content && describes_body(line) ? sends_body : parts.is_at_origin;
  };
  const auto has_default = [&](std::string_view name) {
    return std::ranges::none_of(request.headers, [&](const std::string& line) {
      return equals_ignoring_case(text_before(line, ":"), name) && is_sent(line);
    });
  };
  text += parts.is_changed_to_get ? "GET" : request.method();
  text += ' ';
  append_target(text, parts);
  text += " HTTP/1.1\r\n";
  if (has_default("Host")) {
    text += "Host: ";
    append_host(text, parts.origin);
    text += "\r\n";
  }
  if (has_default("Accept")) text += "Accept: */*\r\n";
  if (parts.accept_compressed && has_default("Accept-Encoding")) text += "Accept-Encoding: gzip\r\n";
  if (parts.is_at_origin && !request.cookies.empty() && has_default("Cookie")) {
    if (const auto cookies = request.cookies.header_for(parts.url); !cookies.empty())
      text.append("Cookie: ").append(cookies).append("\r\n");
  }
  for (const std::string& line : request.headers)
    if (is_sent(line)) text.append(line).append("\r\n");
  if (sends_body) {
    const auto body = request.body();
    if (const auto type = request.content_type(); !trim(type).empty() && has_default("Content-Type"))
      text.append("Content-Type: ").append(type).append("\r\n");
    text += "Content-Length: ";
    append_number(text, body.size());
    text.append("\r\n\r\n").append(body);
  } else {
    text += "\r\n";
  }
}

}  // namespace farebench
