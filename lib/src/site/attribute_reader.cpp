#include "site/attribute_reader.hpp"

#include <cstddef>
#include <cstring>
#include <string_view>

#include "site/html_characters.hpp"

namespace farebench::html {
namespace {

constexpr std::string_view class_attribute = "class";
constexpr std::uint8_t longest_attribute_name = 100;  // libxml2's; the rest is the next attribute's name

bool is_class_attribute(std::string_view name) {
  if (name.size() != class_attribute.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i)
    if (name_character(name[i]) != class_attribute[i]) return false;
  return true;
}

}  // namespace

void attribute_reader::begin() {
  row_.begin();
  if (!saw_results_) results_.begin();
  at_ = place::between;
  had_class_ = false;
  self_closing_ = false;
}

// In the order of a tag, so that an attribute within the piece takes one look at the place.
const char* attribute_reader::read(const char* at, const char* end) {
  while (at != end) {
    switch (at_) {
      case place::between:
        while (at != end && is_blank(*at)) ++at;
        if (at == end) return at;
        if (*at == '>') {
          at_ = place::done;
          return at + 1;
        }
        if (!begins_name(*at)) {
          at_ = *at == '/' ? place::slash : place::nonsense;
          if (at_ == place::slash) ++at;
          break;
        }
        at_ = place::attribute_name;
        attribute_size_ = 0;
        is_class_ = true;
        [[fallthrough]];
      case place::attribute_name:
        at = attribute_name(at, end);
        if (at_ == place::attribute_name) return at;
        [[fallthrough]];
      case place::after_attribute_name:
        while (at != end && is_blank(*at)) ++at;
        if (at == end) return at;
        if (*at != '=') {
          at_ = place::between;
          break;
        }
        at_ = place::before_value;
        ++at;
        [[fallthrough]];
      case place::before_value:
        while (at != end && is_blank(*at)) ++at;
        if (at == end) return at;
        at = begin_value(at, end);
        if (at_ != place::quoted_value) break;
        [[fallthrough]];
      case place::quoted_value: {
        const void* const found = std::memchr(at, quote_, static_cast<std::size_t>(end - at));
        if (found == nullptr) return end;
        at = static_cast<const char*>(found) + 1;
        at_ = place::between;
        break;
      }
      case place::slash:
        self_closing_ = *at == '>';
        at_ = self_closing_ ? place::between : place::nonsense;
        break;
      case place::nonsense:
        while (at != end && !is_blank(*at) && *at != '>' && *at != '/') ++at;
        if (at == end) return at;
        if (*at == '/') {
          at_ = place::slash;
          ++at;
        } else {
          at_ = place::between;
        }
        break;
      case place::unquoted_value:
        while (at != end && !is_blank(*at) && *at != '>') ++at;
        if (at == end) return at;
        at_ = place::between;
        break;
      case place::class_value:
        at = class_value(at, end);
        break;
      case place::class_reference: {
        const auto progress = reference_.next(*at);
        if (progress != character_reference::progress::ended_here) ++at;
        if (progress != character_reference::progress::reading) take_reference();
        break;
      }
      case place::done:
        return at;
    }
  }
  return at;
}

const char* attribute_reader::begin_value(const char* at, const char* end) {
  quote_ = *at == '"' || *at == '\'' ? *at++ : '\0';
  at_ = is_class_ ? place::class_value : quote_ != 0 ? place::quoted_value : place::unquoted_value;
  if (!is_class_ || quote_ == 0) return at;
  // Nearly every class is quoted, whole, and without references.
  const auto rest = static_cast<std::size_t>(end - at);
  const void* const found = std::memchr(at, quote_, rest);
  if (found == nullptr) return at;
  const std::string_view value{at, static_cast<std::size_t>(static_cast<const char*>(found) - at)};
  if (value.find('&') != std::string_view::npos) return at;
  row_.value(value);
  if (!saw_results_) {
    results_.value(value);
    saw_results_ = results_.found();
  }
  at_ = place::between;
  return at + value.size() + 1;
}

const char* attribute_reader::attribute_name(const char* at, const char* end) {
  if (attribute_size_ == 0) {
    // Nearly every name is whole, and short.
    const char* const stop = end - at > longest_attribute_name ? at + longest_attribute_name : end;
    const char* name_end = at;
    while (name_end != stop && name_character(*name_end) != 0) ++name_end;
    if (name_end != stop) {
      attribute_size_ = static_cast<std::uint8_t>(name_end - at);
      is_class_ = is_class_attribute({at, attribute_size_});
      return end_attribute_name(name_end);
    }
  }
  for (; at != end && attribute_size_ < longest_attribute_name; ++at, ++attribute_size_) {
    const char lower = name_character(*at);
    if (lower == 0) break;
    if (attribute_size_ >= class_attribute.size() || lower != class_attribute[attribute_size_])
      is_class_ = false;
  }
  if (at == end && attribute_size_ < longest_attribute_name) return at;
  return end_attribute_name(at);
}

const char* attribute_reader::end_attribute_name(const char* at) {
  // Of two attributes of one name, the first counts, even without a value.
  is_class_ = is_class_ && attribute_size_ == class_attribute.size() && !had_class_;
  had_class_ = had_class_ || is_class_;
  at_ = place::after_attribute_name;
  return at;
}

const char* attribute_reader::class_value(const char* at, const char* end) {
  for (; at != end; ++at) {
    const char c = *at;
    if (c == '&') {
      reference_.begin();
      at_ = place::class_reference;
      return at + 1;
    }
    if (quote_ != 0 && c == quote_) {
      end_class();
      return at + 1;
    }
    if (quote_ == 0 && (is_blank(c) || c == '>')) {
      end_class();
      return at;
    }
    take_class(c);
  }
  return at;
}

void attribute_reader::take_class(char c) {
  row_.raw(c);
  if (!saw_results_) results_.raw(c);
}

void attribute_reader::end_class() {
  row_.end();
  if (!saw_results_) {
    results_.end();
    saw_results_ = results_.found();
  }
  at_ = place::between;
}

void attribute_reader::take_reference() {
  for (const char c : reference_.literal()) take_class(c);
  if (reference_.literal().empty()) {
    row_.decoded(reference_.character());
    if (!saw_results_) results_.decoded(reference_.character());
  }
  at_ = place::class_value;
}

}  // namespace farebench::html
