#include "site/tag_name_reader.hpp"

#include <cstddef>

#include "site/html_characters.hpp"

namespace farebench::html {

const char* tag_name_reader::read(const char* at, const char* end) {
  std::size_t size = size_;
  std::uint64_t number = number_;
  for (; at != end && size < longest_tag_name; ++at) {
    const char lower = name_character(*at);
    if (lower == 0) break;
    text_[size++] = lower;
    number = append_to_number(number, lower);
  }
  size_ = static_cast<std::uint8_t>(size);
  number_ = number;
  return at;
}

tag_name tag_name_reader::name() const {
  return {text(), size_ > longest_element_name ? element::unknown : find_element(number_)};
}

element tag_name_reader::early_id(const tag_name& name) {
  if (name.id != element::unknown) return name.id;  // no name in the table has a full stop
  const auto stop = name.text.find('.');
  return stop == std::string_view::npos ? name.id : find_element(name.text.substr(0, stop));
}

}  // namespace farebench::html
