#include "tests/mock_server/gumbo_fares.hpp"

#include <gumbo.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>

namespace farebench {
namespace {

bool is_row(const GumboElement& element) {
  const GumboAttribute* const attribute = gumbo_get_attribute(&element.attributes, "class");
  if (attribute == nullptr) return false;
  std::istringstream tokens{attribute->value};
  return std::find(std::istream_iterator<std::string>{tokens}, {}, "select-line") !=
         std::istream_iterator<std::string>{};
}

/// Appends the text of a node, and the texts of the rows within it, in document order.
std::string read_node(const GumboNode& node, std::vector<std::string>& rows) {
  if (node.type == GUMBO_NODE_TEXT || node.type == GUMBO_NODE_WHITESPACE) return node.v.text.text;
  if (node.type != GUMBO_NODE_ELEMENT) return {};
  const std::size_t index = rows.size();
  const bool begins_row = is_row(node.v.element);
  if (begins_row) rows.emplace_back();
  std::string text;
  for (unsigned i = 0; i < node.v.element.children.length; ++i)
    text += read_node(*static_cast<const GumboNode*>(node.v.element.children.data[i]), rows);
  if (begins_row) rows[index] = text;
  return text;
}

std::vector<std::string> words_of(std::string text) {
  constexpr std::string_view no_break_space = "\u00a0";
  for (std::size_t at; (at = text.find(no_break_space)) != std::string::npos;) {
    text[at] = ' ';
    text.erase(at + 1, no_break_space.size() - 1);
  }
  std::vector<std::string> words;
  constexpr const char* blank = " \t\r\n\f";
  for (std::size_t end = 0, begin; (begin = text.find_first_not_of(blank, end)) != std::string::npos;) {
    end = std::min(text.find_first_of(blank, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
  }
  return words;
}

std::int64_t whole_number(std::string_view text) {
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) {
    throw std::runtime_error("not a number: " + std::string{text});
  }
  return number;
}

std::chrono::minutes time_of_day(const std::string& text) {
  if (text.size() != 5 || text[2] != ':') throw std::runtime_error("not a time: " + text);
  return std::chrono::minutes{whole_number(text.substr(0, 2)) * 60 + whole_number(text.substr(3))};
}

std::int64_t hundredths(const std::string& text) {
  const std::size_t point = text.find_first_of(".,");
  if (point == std::string::npos) return whole_number(text) * 100;
  if (text.size() != point + 3) throw std::runtime_error("not a price: " + text);
  return whole_number(text.substr(0, point)) * 100 + whole_number(text.substr(point + 1));
}

}  // namespace

std::vector<fare> gumbo_fares(std::string_view page) {
  GumboOutput* const parsed = gumbo_parse_with_options(&kGumboDefaultOptions, page.data(), page.size());
  std::vector<std::string> rows;
  read_node(*parsed->root, rows);
  gumbo_destroy_output(&kGumboDefaultOptions, parsed);
  std::vector<fare> fares;
  for (const std::string& row : rows) {
    const auto words = words_of(row);
    if (words.size() != 6)
      throw std::runtime_error("a row has " + std::to_string(words.size()) + " words; expected 6");
    fares.push_back({.departure = time_of_day(words[0]),
                     .arrival = time_of_day(words[1]),
                     .type = words[2],
                     .free_seats = static_cast<std::int32_t>(whole_number(words[3])),
                     .price_hundredths = hundredths(words[4]),
                     .currency = words[5]});
  }
  return fares;
}

}  // namespace farebench
