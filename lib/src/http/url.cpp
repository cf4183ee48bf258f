#include "http/url.hpp"

#include <algorithm>
#include <charconv>
#include <ranges>

#include "http/text.hpp"

namespace farebench {
namespace {

bool is_letter(char c) { return to_lower(c) >= 'a' && to_lower(c) <= 'z'; }
bool is_decimal(char c) { return c >= '0' && c <= '9'; }

/// RFC 3986, 3.1.
bool is_scheme(std::string_view text) {
  return !text.empty() && is_letter(text.front()) && std::ranges::all_of(text, [](char c) {
    return is_letter(c) || is_decimal(c) || c == '+' || c == '-' || c == '.';
  });
}

/// Accepts names, IPv4 addresses, percent-encoded and UTF-8 names, and IPv6 addresses in brackets. Rejects
/// the delimiters by which two parsers could disagree about the host.
bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    return host.size() > 2 && host.ends_with(']') &&
           host.find_first_not_of("0123456789abcdefABCDEF:.", 1) == host.size() - 1;
  }
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return is_letter(c) || is_decimal(c) || static_cast<unsigned char>(c) >= 0x80 ||
           std::string_view{"-._~%"}.contains(c);
  });
}

/// Removes the text up to the first of `ends` from `text` and returns it.
std::string_view extract_before(std::string_view& text, std::string_view ends) {
  const auto part = text_before(text, ends);
  text.remove_prefix(part.size());
  return part;
}

/// RFC 3986, 5.2.4. The text before `begin` is not part of the path.
void remove_dot_segments(std::string& url, std::size_t begin, std::string_view path) {
  const auto remove_segment = [&] { url.resize(std::max(begin, std::min(url.rfind('/'), url.size()))); };
  while (!path.empty()) {
    if (path.starts_with("../") || path.starts_with("./")) {
      path.remove_prefix(path.find('/') + 1);
    } else if (path == "." || path == "..") {
      return;
    } else if (path.starts_with("/./")) {
      path.remove_prefix(2);
    } else if (path == "/.") {
      path = "/";
    } else if (path.starts_with("/../")) {
      path.remove_prefix(3);
      remove_segment();
    } else if (path == "/..") {
      path = "/";
      remove_segment();
    } else {
      const auto size = std::min(path.find('/', 1), path.size());
      url.append(path.substr(0, size));
      path.remove_prefix(size);
    }
  }
}

}  // namespace

url_parts split_url(std::string_view reference) {
  url_parts parts;
  if (const auto scheme = text_before(reference, ":/?#");
      is_scheme(scheme) && reference.substr(scheme.size()).starts_with(':')) {
    parts.scheme = scheme;
    reference.remove_prefix(scheme.size() + 1);
  }
  if (reference.starts_with("//")) {
    reference.remove_prefix(2);
    parts.authority = extract_before(reference, "/?#");
  }
  parts.path = extract_before(reference, "?#");
  if (reference.starts_with('?')) {
    reference.remove_prefix(1);
    parts.query = extract_before(reference, "#");
  }
  if (reference.starts_with('#')) parts.fragment = reference.substr(1);
  return parts;
}

std::optional<url_origin> origin_of(std::string_view url) {
  url_origin origin;
  const auto scheme = text_before(url, ":");
  origin.is_https = equals_ignoring_case(scheme, "https");
  if (!origin.is_https && !equals_ignoring_case(scheme, "http")) return std::nullopt;
  url.remove_prefix(scheme.size());
  constexpr std::string_view separator = "://";
  if (!url.starts_with(separator)) return std::nullopt;
  url.remove_prefix(separator.size());
  auto host = extract_before(url, "/?#");
  origin.target = url;
  constexpr int http_port = 80;
  constexpr int https_port = 443;
  constexpr int max_port = 65'535;
  origin.port = origin.is_https ? https_port : http_port;

  if (const auto userinfo_end = host.rfind('@'); userinfo_end != host.npos) {
    origin.has_user = true;
    host.remove_prefix(userinfo_end + 1);
  }
  origin.host = host.starts_with('[') ? host.substr(0, host.find(']', 1) + 1) : text_before(host, ":");
  if (!is_host(origin.host)) return std::nullopt;
  auto port = host.substr(origin.host.size());
  if (port.empty() || port == ":") return origin;
  if (!port.starts_with(':')) return std::nullopt;
  port.remove_prefix(1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), origin.port);
  if (error != std::errc{} || end != port.data() + port.size()) return std::nullopt;
  if (origin.port <= 0 || origin.port > max_port) return std::nullopt;
  return origin;
}

bool is_usable_url(std::string_view url) {
  const auto is_forbidden = [](char c) { return c == ' ' || is_control(c); };
  return std::ranges::none_of(url, is_forbidden) && origin_of(url).has_value();
}

bool same_origin(std::string_view left, std::string_view right) {
  const auto one = origin_of(left);
  const auto other = origin_of(right);
  return one && other && one->is_https == other->is_https && one->port == other->port &&
         equals_ignoring_case(one->host, other->host);
}

std::string resolve_url(std::string_view base, std::string_view reference) {
  const auto from = split_url(base);
  const auto to = split_url(reference);
  std::string url;
  url.reserve(base.size() + reference.size());
  url.append(to.scheme ? *to.scheme : from.scheme.value_or("")).append(":");
  const bool has_server = to.scheme || to.authority;
  if (const auto authority = has_server ? to.authority : from.authority) url.append("//").append(*authority);
  const auto path_begin = url.size();
  auto query = to.query;
  if (has_server || to.path.starts_with('/')) {
    remove_dot_segments(url, path_begin, to.path);
  } else if (to.path.empty()) {
    url.append(from.path);
    if (!query) query = from.query;
  } else {
    // RFC 3986, 5.2.3.
    std::string merged{from.path.substr(0, from.path.rfind('/') + 1)};
    if (from.authority && from.path.empty()) merged = "/";
    remove_dot_segments(url, path_begin, merged.append(to.path));
  }
  if (query) url.append("?").append(*query);
  if (to.fragment) url.append("#").append(*to.fragment);
  return url;
}

}  // namespace farebench
