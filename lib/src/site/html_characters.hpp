#pragma once

#include <array>

/// Classes of bytes in markup.
namespace farebench::html {

/// White space between attributes and class tokens. libxml2 omits the form feed, which HTML counts.
constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

constexpr bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// The lower-case form of a byte that a tag or attribute name may hold, 0 for any other byte.
inline constexpr auto name_character_table = [] {
  std::array<char, 256> table{};
  const auto set = [&table](char byte, char lower) { table[static_cast<unsigned char>(byte)] = lower; };
  for (char c = 'a'; c <= 'z'; ++c) {
    set(c, c);
    set(static_cast<char>(c - 'a' + 'A'), c);
  }
  for (const char c : {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', '-', '_', '.'}) set(c, c);
  return table;
}();
constexpr char name_character(char c) { return name_character_table[static_cast<unsigned char>(c)]; }

/// Whether a tag's name in an end tag, or an attribute's, may begin with the byte.
constexpr bool begins_name(char c) { return is_ascii_letter(c) || c == '_' || c == ':' || c == '.'; }

}  // namespace farebench::html
