#include "site/word_collector.hpp"

#include <algorithm>
#include <utility>

namespace farebench {
namespace {

enum class kind : std::uint8_t { word, space, markup, control, high };

constexpr auto kinds = [] {
  std::array<kind, 256> table{};
  table.fill(kind::high);
  for (std::size_t c = 0; c < 0x80; ++c) table[c] = c < 0x20 ? kind::control : kind::word;
  // Not the vertical tab and form feed, white space though they are: libxml2 drops them, so that the words
  // on either side become one. Text with them is refused rather than read in one of two ways.
  for (const char c : {' ', '\t', '\n', '\r'}) table[static_cast<unsigned char>(c)] = kind::space;
  for (const char c : {'<', '&'}) table[static_cast<unsigned char>(c)] = kind::markup;
  return table;
}();

kind kind_of(char c) { return kinds[static_cast<unsigned char>(c)]; }

const char* run_end(kind of, const char* at, const char* end) {
  while (at != end && kind_of(*at) == of) ++at;
  return at;
}

// Unicode's White_Space.
bool is_space(char32_t c) {
  return (c < 0x80 && kind_of(static_cast<char>(c)) == kind::space) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

// The least character that needs so many bytes.
constexpr std::array<char32_t, 5> least_of_length = {0, 0, 0x80, 0x800, 0x10000};

}  // namespace

void word_collector::begin() {
  size_ = 0;
  awaited_ = 0;
  refusal_ = refusal::none;
}

const char* word_collector::text(const char* at, const char* end, row_listener& listener) {
  while (at != end && refusal_ == refusal::none) {
    // Of a character that markup breaks off, `at_markup` and `character` tell.
    const bool awaited = awaited_ > 0 && kind_of(*at) != kind::markup;
    switch (awaited ? kind::high : kind_of(*at)) {
      case kind::word: {
        const char* const begin = std::exchange(at, run_end(kind::word, at, end));
        append(begin, static_cast<std::size_t>(at - begin));
        break;
      }
      case kind::space:
        finish_word(listener);
        at = run_end(kind::space, at, end);
        break;
      case kind::markup:
        return at;
      case kind::control:
        refusal_ = refusal::invalid_text;
        break;
      case kind::high:
        high_byte(static_cast<unsigned char>(*at++), listener);
        break;
    }
  }
  return at;
}

void word_collector::high_byte(unsigned char byte, row_listener& listener) {
  if (awaited_ == 0) {
    encoded_ = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
    if (byte < 0xC2 || byte > 0xF4) refusal_ = refusal::invalid_text;
    character_ = static_cast<char32_t>(byte & (0xFFU >> (encoded_ + 1)));
    awaited_ = static_cast<std::uint8_t>(encoded_ - 1);
    return;
  }
  if ((byte & 0xC0U) != 0x80) refusal_ = refusal::invalid_text;
  character_ = character_ << 6U | (byte & 0x3FU);
  if (--awaited_ > 0 || refusal_ != refusal::none) return;
  if (character_ < least_of_length[encoded_]) {
    refusal_ = refusal::invalid_text;
  } else {
    character(character_, listener);
  }
}

void word_collector::character(char32_t c, row_listener& listener) {
  if (refusal_ != refusal::none) return;
  if (awaited_ > 0 || (c >= 0xD800 && c < 0xE000) || c == 0xFFFE || c == 0xFFFF || c > 0x10FFFF) {
    refusal_ = refusal::invalid_text;
    return;
  }
  const auto trail = [c](unsigned shift) { return static_cast<char>(0x80U | (c >> shift & 0x3FU)); };
  if (is_space(c)) {
    finish_word(listener);
  } else if (c < 0x20) {
    refusal_ = refusal::invalid_text;
  } else if (c < 0x80) {
    const std::array encoded = {static_cast<char>(c)};
    append(encoded.data(), encoded.size());
  } else if (c < 0x800) {
    const std::array encoded = {static_cast<char>(0xC0U | c >> 6U), trail(0)};
    append(encoded.data(), encoded.size());
  } else if (c < 0x10000) {
    const std::array encoded = {static_cast<char>(0xE0U | c >> 12U), trail(6), trail(0)};
    append(encoded.data(), encoded.size());
  } else {
    const std::array encoded = {static_cast<char>(0xF0U | c >> 18U), trail(12), trail(6), trail(0)};
    append(encoded.data(), encoded.size());
  }
}

void word_collector::at_markup() {
  if (awaited_ > 0 && refusal_ == refusal::none) refusal_ = refusal::invalid_text;
}

void word_collector::end(row_listener& listener) {
  at_markup();
  if (refusal_ != refusal::none) return;
  finish_word(listener);
  listener.row_end();
}

void word_collector::append(const char* bytes, std::size_t count) {
  if (size_ + count > max_word_bytes) {
    refusal_ = refusal::overlong_word;
    count = max_word_bytes - size_;  // what is kept shows what was read
  }
  std::copy_n(bytes, count, word_.begin() + size_);
  size_ = static_cast<std::uint8_t>(size_ + count);
}

void word_collector::finish_word(row_listener& listener) {
  if (size_ == 0) return;
  listener.word({word_.data(), size_});
  size_ = 0;
}

}  // namespace farebench
