#pragma once

#include <cstdint>
#include <string_view>

namespace farebench::html {

/// What marks a fare row, and what marks the part of a page that holds the rows.
inline constexpr std::string_view row_class = "select-line";
inline constexpr std::string_view results_class = "results";

/// Looks for a token in a class list, a character at a time. Instantiated for the two above: as a constant,
/// the token costs a search nothing.
template <const std::string_view& token>
class class_token_finder {
 public:
  void begin();
  /// A whole value without references; instead of the calls below.
  void value(std::string_view text);
  void raw(char c);
  void decoded(char32_t c);
  void end();
  bool found() const { return found_; }

 private:
  static constexpr std::uint8_t mismatch = 0xFF;

  std::uint8_t matched_ = 0;
  bool found_ = false;
  bool ended_ = false;
};

}  // namespace farebench::html
