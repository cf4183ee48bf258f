#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace farebench {

/// Receives the rows of a page, in page order, from within `row_scanner::feed`. A row without its end is
/// one that the page broke off in, or whose text was refused.
class row_listener {
 public:
  virtual void row_begin() = 0;
  /// The row's next word: 1 to `word_collector::max_word_bytes` bytes of valid UTF-8. The view ends with the
  /// call.
  virtual void word(std::string_view word) = 0;
  virtual void row_end() = 0;

 protected:
  ~row_listener() = default;
};

/// Makes words of a row's text as its bytes arrive: it checks their UTF-8 and splits at Unicode white
/// space. Part of a scanner's state.
class word_collector {
 public:
  static constexpr std::size_t max_word_bytes = 64;

  enum class refusal : std::uint8_t {
    none,
    overlong_word,  ///< a word of more than `max_word_bytes`
    invalid_text    ///< not UTF-8, or a control or non-character, which no text has
  };

  /// A row begins.
  void begin();
  /// Source bytes of its text, up to the first < or &: returns where it stopped. After a refusal nothing more
  /// is delivered.
  const char* text(const char* at, const char* end, row_listener& listener);
  /// A decoded character of its text.
  void character(char32_t c, row_listener& listener);
  /// Markup follows: no character may be left half-read.
  void at_markup();
  /// The row ends, and with it its last word.
  void end(row_listener& listener);

  refusal refused() const { return refusal_; }
  /// The word being read, as far as it goes.
  std::string_view unfinished() const { return {word_.data(), size_}; }

 private:
  void high_byte(unsigned char byte, row_listener& listener);
  void append(const char* bytes, std::size_t count);
  void finish_word(row_listener& listener);

  char32_t character_ = 0;    // the one being read, as far as it goes
  std::uint8_t awaited_ = 0;  // its bytes still to come
  std::uint8_t encoded_ = 0;  // its bytes in all
  std::uint8_t size_ = 0;
  refusal refusal_ = refusal::none;
  std::array<char, max_word_bytes> word_{};
};

}  // namespace farebench
