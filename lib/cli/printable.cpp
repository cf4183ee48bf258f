#include "lib/cli/printable.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <optional>

namespace farebench {
namespace {

struct character {
  char32_t code;
  std::size_t bytes;
};

/// The UTF-8 character at the start of `text`, which is not empty; nullopt where there is none (RFC 3629, 4).
std::optional<character> first_character(std::string_view text) {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return character{lead, 1};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return std::nullopt;
  char32_t code = lead & (0x7Fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return std::nullopt;
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  const bool is_overlong = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
  if (is_overlong || (code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF) return std::nullopt;
  return character{code, bytes};
}

bool is_control(char32_t code) { return code < 0x20 || (code >= 0x7F && code <= 0x9F); }

bool changes_the_order(char32_t code) {
  return code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    const auto first = first_character(text);
    const std::size_t bytes = first ? first->bytes : 1;
    if (!first) {
      fmt::format_to(std::back_inserter(safe), "\\x{:02x}", static_cast<unsigned char>(text.front()));
    } else if (is_control(first->code)) {
      fmt::format_to(std::back_inserter(safe), "\\x{:02x}", static_cast<std::uint32_t>(first->code));
    } else if (changes_the_order(first->code)) {
      fmt::format_to(std::back_inserter(safe), "\\u{{{:04x}}}", static_cast<std::uint32_t>(first->code));
    } else {
      safe += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return safe;
}

}  // namespace farebench
