#include "site/character_reference.hpp"

namespace farebench::html {
namespace {

constexpr char32_t beyond_unicode = 0x110000;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_xml_character(char32_t c) {
  if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
  return c < 0xD800 || (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c < beyond_unicode);
}

}  // namespace

void character_reference::begin() {
  character_ = 0;
  form_ = form::start;
  text_[0] = '&';
  size_ = 1;
  literal_size_ = 0;
}

character_reference::progress character_reference::next(char c) {
  switch (form_) {
    case form::start:
      if (c == '#') {
        form_ = form::hash;
        return progress::reading;
      }
      if (!is_letter(c)) return end_name(c);
      form_ = form::name;
      text_[size_++] = c;
      return progress::reading;
    case form::hash:
      if (c == 'x' || c == 'X') {
        form_ = form::hexadecimal;
        return progress::reading;
      }
      form_ = form::decimal;
      [[fallthrough]];
    case form::decimal:
      if (is_digit(c)) return digit(10, static_cast<unsigned>(c - '0'));
      return end_number(c);
    case form::hexadecimal:
      if (is_digit(c)) return digit(16, static_cast<unsigned>(c - '0'));
      if (c >= 'a' && c <= 'f') return digit(16, static_cast<unsigned>(c - 'a') + 10);
      if (c >= 'A' && c <= 'F') return digit(16, static_cast<unsigned>(c - 'A') + 10);
      return end_number(c);
    case form::name:
      if ((!is_letter(c) && !is_digit(c)) || size_ == text_.size()) return end_name(c);
      text_[size_++] = c;
      return progress::reading;
  }
  return progress::ended_here;
}

character_reference::progress character_reference::digit(unsigned base, unsigned value) {
  // Once beyond, it stays beyond, so that no number of digits overflows.
  if (character_ < beyond_unicode) character_ = character_ * base + value;
  return progress::reading;
}

character_reference::progress character_reference::end_number(char c) {
  if (!is_xml_character(character_)) character_ = 0;
  return c == ';' ? progress::ended : progress::ended_here;
}

character_reference::progress character_reference::end_name(char c) {
  if (c == ';') character_ = entity_character({text_.data() + 1, size_ - 1U});
  if (character_ != 0) return progress::ended;
  literal_size_ = size_;
  return progress::ended_here;
}

}  // namespace farebench::html
