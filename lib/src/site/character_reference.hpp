#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "site/html_entities.hpp"

namespace farebench::html {

/// Reads one `&…` a character at a time, by libxml2's rules: a named reference counts only with its
/// semicolon, a numeric one also without, and one that names no XML character stands for nothing.
/// Part of a scanner's state; one reference after another.
class character_reference {
 public:
  enum class progress : std::uint8_t {
    reading,    ///< `c` belongs to it, and more may follow
    ended,      ///< `c` was its last character
    ended_here  ///< it ended before `c`, which is still to be read
  };

  /// An `&` was read.
  void begin();
  progress next(char c);

  /// Once ended: the text itself, from the `&` on, if it was no reference (ASCII; letters and digits after
  /// the `&`), else empty.
  std::string_view literal() const { return {text_.data(), literal_size_}; }
  /// Once ended: the character, 0 for none.
  char32_t character() const { return character_; }

 private:
  enum class form : std::uint8_t { start, hash, decimal, hexadecimal, name };

  progress digit(unsigned base, unsigned value);
  progress end_number(char c);
  progress end_name(char c);

  char32_t character_ = 0;
  form form_ = form::start;
  std::uint8_t size_ = 0;          // of text_
  std::uint8_t literal_size_ = 0;  // size_ once it has proved to be no reference
  std::array<char, 1 + longest_entity_name> text_{};
};

}  // namespace farebench::html
