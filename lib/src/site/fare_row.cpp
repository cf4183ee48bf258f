#include "site/fare_row.hpp"

#include <fmt/format.h>

#include <charconv>

namespace farebench {
namespace {

constexpr std::size_t longest_quotation = 64;

template <typename Number>
std::optional<Number> parse_digits(std::string_view text) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, value);
  if (fault != std::errc{} || stop != end || text.front() == '-') return std::nullopt;
  return value;
}

std::string misread(std::string_view field, std::string_view word, std::string_view expected) {
  return fmt::format("{}: read {}, expected {}", field, in_quotes(word), expected);
}

constexpr std::string_view time_form = "a time of day, hh:mm";

}  // namespace

std::optional<std::chrono::minutes> parse_time(std::string_view word) {
  const auto colon = word.find(':');
  if (colon > 2 || word.size() != colon + 3) return std::nullopt;  // npos is more than 2, too
  const auto hour = parse_digits<int>(word.substr(0, colon));
  const auto minute = parse_digits<int>(word.substr(colon + 1));
  if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
  return std::chrono::hours{*hour} + std::chrono::minutes{*minute};
}

std::optional<std::int32_t> parse_seats(std::string_view word) { return parse_digits<std::int32_t>(word); }

std::optional<std::int64_t> parse_price_hundredths(std::string_view word) {
  const auto point = word.find_first_of(".,");
  const auto whole = parse_digits<std::int64_t>(word.substr(0, point));
  std::int64_t hundredths = 0;
  if (point != std::string_view::npos) {
    const std::string_view places = word.substr(point + 1);
    const auto fraction = parse_digits<std::int64_t>(places);
    if (!fraction || places.size() > 2) return std::nullopt;
    hundredths = places.size() == 1 ? *fraction * 10 : *fraction;
  }
  std::int64_t price = 0;
  if (!whole || __builtin_mul_overflow(*whole, 100, &price) ||
      __builtin_add_overflow(price, hundredths, &price)) {
    return std::nullopt;
  }
  return price;
}

std::string in_quotes(std::string_view word) {
  std::string text = "\"";
  bool cut = false;
  for (const char c : word) {
    const bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
    const std::string shown =
        plain ? std::string(1, c) : fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    cut = text.size() - 1 + shown.size() > longest_quotation;
    if (cut) break;
    text += shown;
  }
  return text + (cut ? "\"..." : "\"");
}

std::optional<std::string> fare_row::read(std::string_view word) {
  const auto field = words_++;
  switch (field) {
    case 0:
    case 1: {
      const auto time = parse_time(word);
      if (!time) return misread(field == 0 ? "departure" : "arrival", word, time_form);
      (field == 0 ? fare_.departure : fare_.arrival) = *time;
      return std::nullopt;
    }
    case 2:
      fare_.type = word;
      return std::nullopt;
    case 3: {
      const auto seats = parse_seats(word);
      if (!seats) return misread("free seats", word, "decimal digits, at most 2147483647");
      fare_.free_seats = *seats;
      return std::nullopt;
    }
    case 4: {
      const auto price = parse_price_hundredths(word);
      if (!price) return misread("price", word, "digits, with at most two more after a point or comma");
      fare_.price_hundredths = *price;
      return std::nullopt;
    }
    case 5:
      fare_.currency = word;
      return std::nullopt;
    default:
      return fmt::format("read a seventh word, {}, expected {} words", in_quotes(word), word_count);
  }
}

}  // namespace farebench
