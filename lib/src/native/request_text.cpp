#include "native/request_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "http/text.hpp"
#include "http/url.hpp"

namespace farebench {
namespace {

/// Appends path and query, without dot segments and fragment.
void append_target(std::string& text, std::string_view url) {
  const auto parts = split_url(url);
  if (parts.path.contains("/.")) {
    const auto resolved = resolve_url(url, url);
    text += split_url(resolved).path;
  } else {
    text += parts.path.empty() ? std::string_view{"/"} : parts.path;
  }
  if (parts.query) text.append("?").append(*parts.query);
}

void append_host(std::string& text, const url_origin& origin) {
  constexpr int http_port = 80;
  text += origin.host;
  if (origin.port != http_port) fmt::format_to(std::back_inserter(text), ":{}", origin.port);
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
  append_target(text, parts.url);
  text += " HTTP/1.1\r\n";
  if (has_default("Host")) {
    text += "Host: ";
    append_host(text, *origin_of(parts.url));
    text += "\r\n";
  }
  if (has_default("Accept")) text += "Accept: */*\r\n";
  if (parts.accept_compressed && has_default("Accept-Encoding")) text += "Accept-Encoding: gzip\r\n";
  if (parts.is_at_origin && !parts.request.cookies.empty()) {
    if (const auto cookies = parts.request.cookies.header_for(parts.url); !cookies.empty())
      text.append("Cookie: ").append(cookies).append("\r\n");
  }
  for (const std::string& line : lines) text.append(line).append("\r\n");
  if (parts.has_form) {
    if (has_default("Content-Type")) text += "Content-Type: application/x-www-form-urlencoded\r\n";
    if (has_default("Content-Length"))
      fmt::format_to(std::back_inserter(text), "Content-Length: {}\r\n", parts.request.form.size());
    text.append("\r\n").append(parts.request.form);
  } else {
    text += "\r\n";
  }
}

}  // namespace farebench
