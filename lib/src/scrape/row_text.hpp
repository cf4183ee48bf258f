#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Text of a fare row: character references, words, and the fields of a fare. Functions are pure, for any
/// thread. Classes are parts of one scanner's state and never allocate.
namespace farebench::html {

constexpr bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

constexpr bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads a character reference of the HTML standard (13.2.5.72 to 80), from the byte after its `&`: one of
/// the 2,231 names, with or without a semicolon as the standard permits, or a number.
class character_reference {
 public:
  enum class progress : std::uint8_t {
    // The byte is part of the reference, and more may follow.
    reading,
    // The byte is the last one of the reference.
    ended,
    // The reference ended before the byte, which is not part of it.
    ended_before
  };

  /// Begins a reference after its `&`, within an attribute's value or not.
  void begin(bool is_in_attribute);
  progress read(char c);

  /// After the end: the reference's one or two characters; the second may be 0, and both are if it was none.
  const std::array<char32_t, 2>& characters() const { return characters_; }
  /// After the end: text that follows the characters, such as the "x" of `&ltx`. ASCII; includes the `&` if
  /// there was no reference.
  std::string_view literal() const {
    return {text_.data() + name_bytes_, static_cast<std::size_t>(size_ - name_bytes_)};
  }

 private:
  enum class form : std::uint8_t { start, hash, decimal, hexadecimal, name };

  progress append_digit(unsigned digit);
  progress end_number(char c);
  progress end_name(char c);

  std::array<char32_t, 2> characters_{};
  form form_ = form::start;
  bool is_in_attribute_ = false;
  // Number of bytes in `text_`, and of those that the characters replace.
  std::uint8_t size_ = 0;
  std::uint8_t name_bytes_ = 0;
  // The `&` and the name.
  std::array<char, 33> text_{};
};

}  // namespace farebench::html

namespace farebench {

/// Classes of the bytes of a row's text.
enum class byte_class : std::uint8_t { word, space, markup, control, non_ascii };

inline constexpr auto byte_classes = [] {
  std::array<byte_class, 256> table{};
  table.fill(byte_class::non_ascii);
  for (std::size_t c = 0; c < 0x80; ++c) table[c] = c < 0x20 ? byte_class::control : byte_class::word;
  // The vertical tab is an error: HTML forbids it, though it is white space in Unicode.
  for (const char c : {' ', '\t', '\n', '\r', '\f'}) table[static_cast<unsigned char>(c)] = byte_class::space;
  for (const char c : {'<', '&'}) table[static_cast<unsigned char>(c)] = byte_class::markup;
  return table;
}();
constexpr byte_class byte_class_of(char c) { return byte_classes[static_cast<unsigned char>(c)]; }

/// Receives the rows of a page in page order, during `row_scanner::feed`. A row has no `on_row_end` if the
/// page ends within it or has a problem there.
class row_listener {
 public:
  virtual void on_row_begin() = 0;
  /// Receives the row's next word: valid UTF-8 of 1 to `word_collector::max_word_bytes` bytes, valid during
  /// the call.
  virtual void on_word(std::string_view word) = 0;
  virtual void on_row_end() = 0;

 protected:
  ~row_listener() = default;
};

/// Collects the words of a row while the bytes of its text arrive: validates UTF-8 and splits at Unicode
/// white space. Delivers nothing after an error. `read` is inline, which gives bench_scanner 3 % more bytes
/// per second.
class word_collector {
 public:
  static constexpr std::size_t max_word_bytes = 64;

  enum class text_error : std::uint8_t {
    none,
    // A word is longer than `max_word_bytes`.
    overlong_word,
    // The text is not UTF-8, or has a control character or a noncharacter.
    invalid_text
  };

  void begin_row() {
    size_ = 0;
    missing_bytes_ = 0;
    error_ = text_error::none;
  }
  /// Reads source bytes of the text. Returns the first `<` or `&`, the position of an error, or `end`.
  const char* read(const char* pos, const char* end, row_listener& listener) {
    while (pos != end && error_ == text_error::none) {
      // `begin_markup` and `append` detect a character that markup interrupts.
      const bool continues_character = missing_bytes_ > 0 && byte_class_of(*pos) != byte_class::markup;
      switch (continues_character ? byte_class::non_ascii : byte_class_of(*pos)) {
        case byte_class::word: {
          const char* const begin = pos;
          while (pos != end && byte_class_of(*pos) == byte_class::word) ++pos;
          append_bytes(begin, static_cast<std::size_t>(pos - begin));
          break;
        }
        case byte_class::space:
          finish_word(listener);
          while (pos != end && byte_class_of(*pos) == byte_class::space) ++pos;
          break;
        case byte_class::markup:
          return pos;
        case byte_class::control:
          error_ = text_error::invalid_text;
          break;
        case byte_class::non_ascii:
          append_utf8_byte(static_cast<unsigned char>(*pos++), listener);
          break;
      }
    }
    return pos;
  }
  /// Appends a decoded character to the text.
  void append(char32_t c, row_listener& listener);
  /// Ends a run of text. An incomplete UTF-8 sequence is an error.
  void begin_markup() {
    if (missing_bytes_ > 0 && error_ == text_error::none) error_ = text_error::invalid_text;
  }
  void end_row(row_listener& listener) {
    begin_markup();
    if (error_ != text_error::none) return;
    finish_word(listener);
    listener.on_row_end();
  }

  text_error error() const { return error_; }
  /// Returns the bytes read so far of an incomplete word.
  std::string_view partial_word() const { return {word_.data(), size_}; }

 private:
  void append_utf8_byte(unsigned char byte, row_listener& listener);
  void append_bytes(const char* bytes, std::size_t count) {
    if (size_ + count > max_word_bytes) {
      error_ = text_error::overlong_word;
      // The first bytes are kept for the error's message.
      count = max_word_bytes - size_;
    }
    std::copy_n(bytes, count, word_.begin() + size_);
    size_ = static_cast<std::uint8_t>(size_ + count);
  }
  void finish_word(row_listener& listener) {
    if (size_ == 0) return;
    listener.on_word({word_.data(), size_});
    size_ = 0;
  }

  // Character being decoded, the number of its missing bytes, and the number of all its bytes.
  char32_t character_ = 0;
  std::uint8_t missing_bytes_ = 0;
  std::uint8_t encoded_bytes_ = 0;
  std::uint8_t size_ = 0;
  text_error error_ = text_error::none;
  std::array<char, max_word_bytes> word_{};
};

/// "7:05" or "07:05" → minutes since midnight, below 24 h.
std::optional<std::chrono::minutes> parse_time(std::string_view word);
/// "34" → 34; digits only.
std::optional<std::int32_t> parse_seats(std::string_view word);
/// "249", "249.9" or "249,90" → hundredths; without a sign or thousands separators.
std::optional<std::int64_t> parse_price_hundredths(std::string_view word);

/// Quotes a word for a message. Bytes other than printable ASCII become \xNN. At most 64 characters, and
/// "..." after the closing quote if the word was longer.
std::string in_quotes(std::string_view word);

}  // namespace farebench
