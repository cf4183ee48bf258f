#include "libxml2_oracle.hpp"

#include <libxml/HTMLparser.h>

#include <array>
#include <memory>

namespace farebench::test {
namespace {

constexpr std::string_view row_token = "select-line";
constexpr std::string_view class_separators = " \t\n\r\f";

// Unicode's White_Space in UTF-8.
constexpr std::array white_space = std::to_array<std::string_view>({" ",
                                                                    "\t",
                                                                    "\n",
                                                                    "\v",
                                                                    "\f",
                                                                    "\r",
                                                                    "\xC2\x85",
                                                                    "\xC2\xA0",
                                                                    "\xE1\x9A\x80",
                                                                    "\xE2\x80\x80",
                                                                    "\xE2\x80\x81",
                                                                    "\xE2\x80\x82",
                                                                    "\xE2\x80\x83",
                                                                    "\xE2\x80\x84",
                                                                    "\xE2\x80\x85",
                                                                    "\xE2\x80\x86",
                                                                    "\xE2\x80\x87",
                                                                    "\xE2\x80\x88",
                                                                    "\xE2\x80\x89",
                                                                    "\xE2\x80\x8A",
                                                                    "\xE2\x80\xA8",
                                                                    "\xE2\x80\xA9",
                                                                    "\xE2\x80\xAF",
                                                                    "\xE2\x81\x9F",
                                                                    "\xE3\x80\x80"});

row_words words_of(std::string_view text) {
  row_words words;
  std::string word;
  const auto finish_word = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  while (!text.empty()) {
    std::size_t blank = 0;
    for (const std::string_view space : white_space) {
      if (text.starts_with(space)) blank = space.size();
    }
    if (blank > 0) {
      finish_word();
    } else {
      word += text.front();
    }
    text.remove_prefix(blank > 0 ? blank : 1);
  }
  finish_word();
  return words;
}

bool is_row(const xmlNode* element) {
  for (const xmlAttr* attribute = element->properties; attribute != nullptr; attribute = attribute->next) {
    if (std::string_view{reinterpret_cast<const char*>(attribute->name)} != "class") continue;
    if (attribute->children == nullptr || attribute->children->content == nullptr) return false;
    std::string_view rest{reinterpret_cast<const char*>(attribute->children->content)};
    while (!rest.empty()) {
      const auto length = std::min(rest.find_first_of(class_separators), rest.size());
      if (rest.substr(0, length) == row_token) return true;
      rest.remove_prefix(std::min(length + 1, rest.size()));
    }
    return false;
  }
  return false;
}

// Returns the next node of `root` in document order, or null after the last.
const xmlNode* next_node(const xmlNode* node, const xmlNode* root) {
  if (node->type == XML_ELEMENT_NODE && node->children != nullptr) return node->children;
  while (node != root && node->next == nullptr) node = node->parent;
  return node == root ? nullptr : node->next;
}

std::string text_of(const xmlNode* row) {
  std::string text;
  for (const xmlNode* node = row; node != nullptr; node = next_node(node, row)) {
    if (node->type == XML_TEXT_NODE) text += reinterpret_cast<const char*>(node->content);
  }
  return text;
}

bool lies_in_row(const xmlNode* element) {
  for (const xmlNode* node = element->parent; node != nullptr && node->type == XML_ELEMENT_NODE;
       node = node->parent) {
    if (is_row(node)) return true;
  }
  return false;
}

}  // namespace

oracle_rows rows_of_libxml2(std::string_view page) {
  // XML_PARSE_HUGE removes the limit on depth. It also applies to the HTML parser.
  constexpr int options = HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
                          HTML_PARSE_IGNORE_ENC | static_cast<int>(XML_PARSE_HUGE);
  const std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)> document{
      htmlReadMemory(page.data(), static_cast<int>(page.size()), nullptr, "UTF-8", options), &xmlFreeDoc};
  oracle_rows found;
  if (document == nullptr) return found;
  for (const xmlNode* top = document->children; top != nullptr; top = top->next) {
    for (const xmlNode* node = top; node != nullptr; node = next_node(node, top)) {
      if (node->type != XML_ELEMENT_NODE || !is_row(node)) continue;
      if (lies_in_row(node) && !found.first_nested) found.first_nested = found.rows.size();
      found.rows.push_back(words_of(text_of(node)));
    }
  }
  return found;
}

}  // namespace farebench::test
