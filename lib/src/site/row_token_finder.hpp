#pragma once

#include <cstdint>
#include <string_view>

namespace farebench::html {

/// Looks for the token `select-line` in a class list, a character at a time.
class row_token_finder {
 public:
  void begin();
  /// A whole value without references; instead of the calls below.
  void value(std::string_view text);
  void raw(char c);
  void decoded(char32_t c);
  void end();
  bool found() const { return found_; }

 private:
  static constexpr std::string_view token = "select-line";
  static constexpr std::uint8_t mismatch = 0xFF;

  std::uint8_t matched_ = 0;
  bool found_ = false;
  bool ended_ = false;
};

}  // namespace farebench::html
