#include "scrape/row_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ranges>
#include <system_error>
#include <tuple>

namespace farebench::html {
namespace {

bool is_hexadecimal(char c) { return is_ascii_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// The names and characters of named_references.py.
#include "named_references.inc"

constexpr char32_t unicode_end = 0x110000;
constexpr char32_t replacement_character = 0xFFFD;

// Characters of &#128; to &#159;: those of windows-1252.
constexpr std::array<char16_t, 32> windows_1252 = {
    0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021, 0x2C6,  0x2030, 0x160,
    0x2039, 0x152,  0x8D,   0x17D,  0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E,  0x178};

std::string_view reference_name(std::size_t index) {
  const std::size_t begin = reference_offsets[index];
  return reference_names.substr(begin, reference_offsets[index + 1] - begin);
}

/// Returns the index of the longest name that `text` begins with, if any.
std::optional<std::size_t> find_reference(std::string_view text) {
  const auto indices = std::views::iota(std::size_t{0}, reference_characters_1.size());
  for (; !text.empty(); text.remove_suffix(1)) {
    const auto found = std::ranges::lower_bound(indices, text, {}, reference_name);
    if (found != indices.end() && reference_name(*found) == text) return *found;
  }
  return std::nullopt;
}

}  // namespace

void character_reference::begin(bool is_in_attribute) {
  static_assert(std::tuple_size_v<decltype(text_)> == 1 + max_reference_name_bytes);
  characters_ = {};
  form_ = form::start;
  is_in_attribute_ = is_in_attribute;
  text_[0] = '&';
  size_ = 1;
  name_bytes_ = 0;
}

character_reference::progress character_reference::read(char c) {
  switch (form_) {
    case form::start:
      if (c != '#' && !is_ascii_letter(c) && !is_ascii_digit(c)) return progress::ended_before;
      form_ = c == '#' ? form::hash : form::name;
      text_[size_++] = c;
      return progress::reading;
    case form::hash:
      if ((c == 'x' || c == 'X') && size_ == 2) {
        text_[size_++] = c;
        return progress::reading;
      }
      form_ = size_ == 2 ? form::decimal : form::hexadecimal;
      if (size_ == 2 ? !is_ascii_digit(c) : !is_hexadecimal(c)) return progress::ended_before;
      name_bytes_ = size_;
      [[fallthrough]];
    case form::decimal:
    case form::hexadecimal:
      if (is_ascii_digit(c)) return append_digit(static_cast<unsigned>(c - '0'));
      if (form_ == form::hexadecimal && is_hexadecimal(c))
        return append_digit((static_cast<unsigned>(c) & 0xFU) + 9);
      return end_number(c);
    case form::name:
      if ((!is_ascii_letter(c) && !is_ascii_digit(c) && c != ';') || size_ == text_.size())
        return end_name(c);
      text_[size_++] = c;
      if (c != ';') return progress::reading;
      end_name(c);
      return progress::ended;
  }
  return progress::ended_before;
}

character_reference::progress character_reference::append_digit(unsigned digit) {
  // No more digits count beyond Unicode, so that none can overflow.
  if (characters_[0] < unicode_end)
    characters_[0] = characters_[0] * (form_ == form::decimal ? 10U : 16U) + digit;
  return progress::reading;
}

character_reference::progress character_reference::end_number(char c) {
  char32_t& number = characters_[0];
  if (number == 0 || number >= unicode_end || (number >= 0xD800 && number < 0xE000)) {
    number = replacement_character;
  } else if (number >= 0x80 && number < 0xA0) {
    number = windows_1252[number - 0x80];
  }
  return c == ';' ? progress::ended : progress::ended_before;
}

character_reference::progress character_reference::end_name(char c) {
  const std::string_view text{text_.data() + 1, size_ - 1U};
  const auto found = find_reference(text);
  if (!found) return progress::ended_before;
  const std::size_t length = reference_name(*found).size();
  const char next = length < text.size() ? text[length] : c;
  const bool is_literal = is_in_attribute_ && text[length - 1] != ';' &&
                          (next == '=' || is_ascii_letter(next) || is_ascii_digit(next));
  if (is_literal) return progress::ended_before;
  characters_ = {reference_characters_1[*found], reference_characters_2[*found]};
  name_bytes_ = static_cast<std::uint8_t>(1 + length);
  return progress::ended_before;
}

}  // namespace farebench::html

namespace farebench {
namespace {

/// White_Space of Unicode, without the vertical tab.
bool is_space(char32_t c) {
  return (c < 0x80 && byte_class_of(static_cast<char>(c)) == byte_class::space) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

/// Smallest character of each length of its UTF-8 encoding. A smaller one is an overlong encoding.
constexpr std::array<char32_t, 5> min_character_by_length = {0, 0, 0x80, 0x800, 0x10000};

template <typename Number>
std::optional<Number> parse_digits(std::string_view text) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || text.front() == '-') return std::nullopt;
  return value;
}

}  // namespace

void word_collector::append(char32_t c, row_listener& listener) {
  if (error_ != text_error::none) return;
  if (missing_bytes_ > 0 || (c >= 0xD800 && c < 0xE000) || c == 0xFFFE || c == 0xFFFF || c > 0x10FFFF) {
    error_ = text_error::invalid_text;
    return;
  }
  const auto trail = [c](unsigned shift) { return static_cast<char>(0x80U | (c >> shift & 0x3FU)); };
  if (is_space(c)) {
    finish_word(listener);
  } else if (c < 0x20) {
    error_ = text_error::invalid_text;
  } else if (c < 0x80) {
    const std::array encoded = {static_cast<char>(c)};
    append_bytes(encoded.data(), encoded.size());
  } else if (c < 0x800) {
    const std::array encoded = {static_cast<char>(0xC0U | c >> 6U), trail(0)};
    append_bytes(encoded.data(), encoded.size());
  } else if (c < 0x10000) {
    const std::array encoded = {static_cast<char>(0xE0U | c >> 12U), trail(6), trail(0)};
    append_bytes(encoded.data(), encoded.size());
  } else {
    const std::array encoded = {static_cast<char>(0xF0U | c >> 18U), trail(12), trail(6), trail(0)};
    append_bytes(encoded.data(), encoded.size());
  }
}

void word_collector::append_utf8_byte(unsigned char byte, row_listener& listener) {
  if (missing_bytes_ == 0) {
    encoded_bytes_ = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
    if (byte < 0xC2 || byte > 0xF4) error_ = text_error::invalid_text;
    character_ = static_cast<char32_t>(byte & (0xFFU >> (encoded_bytes_ + 1)));
    missing_bytes_ = static_cast<std::uint8_t>(encoded_bytes_ - 1);
    return;
  }
  if ((byte & 0xC0U) != 0x80) error_ = text_error::invalid_text;
  character_ = character_ << 6U | (byte & 0x3FU);
  if (--missing_bytes_ > 0 || error_ != text_error::none) return;
  if (character_ < min_character_by_length[encoded_bytes_]) {
    error_ = text_error::invalid_text;
  } else {
    append(character_, listener);
  }
}

std::optional<std::chrono::minutes> parse_time(std::string_view word) {
  const auto colon = word.find(':');
  // Without a colon, npos exceeds 2.
  if (colon > 2 || word.size() != colon + 3) return std::nullopt;
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
    const std::string_view decimals = word.substr(point + 1);
    const auto fraction = parse_digits<std::int64_t>(decimals);
    if (!fraction || decimals.size() > 2) return std::nullopt;
    hundredths = decimals.size() == 1 ? *fraction * 10 : *fraction;
  }
  std::int64_t price = 0;
  if (!whole || __builtin_mul_overflow(*whole, 100, &price) ||
      __builtin_add_overflow(price, hundredths, &price)) {
    return std::nullopt;
  }
  return price;
}

std::string in_quotes(std::string_view word) {
  constexpr std::size_t max_quoted_characters = 64;
  std::string text = "\"";
  bool is_cut = false;
  for (const char c : word) {
    const bool is_plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
    const std::string escaped =
        is_plain ? std::string(1, c) : fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    is_cut = text.size() - 1 + escaped.size() > max_quoted_characters;
    if (is_cut) break;
    text += escaped;
  }
  return text + (is_cut ? "\"..." : "\"");
}

}  // namespace farebench
