#include "http/redirect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "http/text.hpp"
#include "http/url.hpp"

namespace farebench {
namespace {

std::string percent_encoded(std::string_view location) {
  std::string encoded;
  encoded.reserve(location.size());
  for (const char c : location) {
    if (c > ' ' && c < '\x7F') {
      encoded += c;
    } else {
      fmt::format_to(std::back_inserter(encoded), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace

std::optional<std::string> redirect_target(std::string_view url, std::string_view location) {
  const auto is_forbidden = [](char c) { return c == '@' || c == ' ' || is_control(c); };
  const auto parts = split_url(location);
  if (parts.authority && std::ranges::any_of(*parts.authority, is_forbidden)) return std::nullopt;
  std::string target = resolve_url(url, percent_encoded(location));
  if (!origin_of(target)) return std::nullopt;
  if (const auto fragment = split_url(url).fragment; fragment && !parts.fragment)
    target.append("#").append(*fragment);
  return target;
}

}  // namespace farebench
