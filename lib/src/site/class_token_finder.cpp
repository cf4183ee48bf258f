#include "site/class_token_finder.hpp"

#include <cstddef>

#include "site/html_characters.hpp"

namespace farebench::html {

template <const std::string_view& token>
void class_token_finder<token>::begin() {
  matched_ = 0;
  found_ = false;
  ended_ = false;
}

template <const std::string_view& token>
void class_token_finder<token>::value(std::string_view text) {
  for (auto at = text.find(token); at != std::string_view::npos && !found_; at = text.find(token, at + 1)) {
    const auto after = at + token.size();
    found_ = (at == 0 || is_blank(text[at - 1])) && (after == text.size() || is_blank(text[after]));
  }
}

template <const std::string_view& token>
void class_token_finder<token>::raw(char c) {
  if (ended_) return;
  if (is_blank(c)) {
    found_ = found_ || matched_ == token.size();
    matched_ = 0;
  } else if (matched_ < token.size() && token[matched_] == c) {
    ++matched_;
  } else {
    matched_ = mismatch;
  }
}

template <const std::string_view& token>
void class_token_finder<token>::decoded(char32_t c) {
  if (c == 0) {
    end();  // to libxml2, whose values are C strings, the value ends here
  } else {
    raw(c < 0x80 ? static_cast<char>(c) : '\x7F');  // neither is in a token
  }
}

template <const std::string_view& token>
void class_token_finder<token>::end() {
  raw(' ');
  ended_ = true;
}

template class class_token_finder<row_class>;
template class class_token_finder<results_class>;

}  // namespace farebench::html
