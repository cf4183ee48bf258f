#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "farebench/fare.hpp"

namespace farebench::html {

/// The longest name below, in bytes.
inline constexpr std::size_t longest_entity_name = 8;

/// The character that `&name;` stands for: HTML 4's 252 names, case-sensitive, and `apos`. 0 for any other
/// name. Pure; any thread.
char32_t entity_character(std::string_view name);

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

/// Reads the words of one row into a fare: departure, arrival, type, free seats, price, currency. Each
/// word is valid UTF-8, without white space. A value: one row after another.
class fare_row {
 public:
  static constexpr std::size_t word_count = 6;

  /// Begins a row.
  void begin() { words_ = 0; }

  /// The row's next word. Nothing if it reads as it should, else what was read and what was expected:
  /// `price: read "free", expected …`, one line of printable ASCII.
  std::optional<std::string> read(std::string_view word);

  /// Words read so far.
  std::size_t words() const { return words_; }
  /// The fare, once there are `word_count` of them.
  const fare& value() const { return fare_; }

 private:
  fare fare_{};
  std::size_t words_ = 0;
};

/// The word in quotes, for people: printable ASCII as it is, any other byte as \xNN, at most 64 characters,
/// then "..." outside the quotes if it was cut.
std::string in_quotes(std::string_view word);

/// "7:05" or "07:05" as minutes since midnight, below 24 h.
std::optional<std::chrono::minutes> parse_time(std::string_view word);
/// Decimal digits.
std::optional<std::int32_t> parse_seats(std::string_view word);
/// "249", "249.9" or "249,90" as hundredths; no sign, no other separator.
std::optional<std::int64_t> parse_price_hundredths(std::string_view word);

}  // namespace farebench
