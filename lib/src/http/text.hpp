#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace farebench {

inline char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Returns true for the control characters of ASCII, DEL included.
inline bool is_control(char c) { return (c >= '\0' && c < ' ') || c == '\x7F'; }

/// Compares ignoring the case of ASCII letters.
inline bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, {}, to_lower, to_lower);
}

/// Returns both texts as one, in one allocation of exact size. `+` of a string takes two.
inline std::string concatenated(std::string_view left, std::string_view right) {
  std::string text;
  text.reserve(left.size() + right.size());
  text.append(left).append(right);
  return text;
}

/// Returns `text` without the blanks around it. A line's end counts as blank.
inline std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

/// Returns the text before the first of `delimiters`, or all of it without one.
inline std::string_view text_before(std::string_view text, std::string_view delimiters) {
  // Faster than find_first_of, which calls memchr for each character.
  std::size_t size = 0;
  while (size < text.size() && std::ranges::none_of(delimiters, [&](char c) { return c == text[size]; }))
    ++size;
  return text.substr(0, size);
}

}  // namespace farebench
