#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "farebench/fare.hpp"

namespace farebench {

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
