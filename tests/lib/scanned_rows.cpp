#include "tests/lib/scanned_rows.hpp"

#include <gtest/gtest.h>
#include <libxml/HTMLparser.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace farebench::test {
namespace {

constexpr std::string_view row_token = "select-line";
constexpr std::string_view class_separators = " \t\n\r\f";

// Unicode's White_Space in UTF-8.
// clang-format off: one line holds as many as fit
constexpr std::string_view white_space[] = {
    " ", "\t", "\n", "\v", "\f", "\r", "\xC2\x85", "\xC2\xA0", "\xE1\x9A\x80", "\xE2\x80\x80",
    "\xE2\x80\x81", "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
    "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8", "\xE2\x80\xA9",
    "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};
// clang-format on

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

bool is_prefix(const std::vector<row_words>& rows, const std::vector<row_words>& of) {
  return rows.size() <= of.size() && std::equal(rows.begin(), rows.end(), of.begin());
}

// Returns true if the page has a byte that may be invalid text: a control character or a non-ASCII byte.
bool may_hold_invalid_text(std::string_view page) {
  return std::ranges::any_of(page, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || (byte < 0x20 && c != '\t' && c != '\n' && c != '\r');
  });
}

bool has_overlong_word(const row_words& row) {
  return std::ranges::any_of(row,
                             [](const std::string& w) { return w.size() > word_collector::max_word_bytes; });
}

std::string printed(const std::vector<row_words>& rows) { return ::testing::PrintToString(rows); }

}  // namespace

scanned_rows scan(std::string_view page) { return scan_in_chunks(page, page.size()); }

scanned_rows scan_split(std::string_view page, std::size_t first_bytes) {
  row_recorder recorder;
  row_scanner scanner{recorder};
  scanner.feed(page.substr(0, first_bytes));
  scanner.feed(page.substr(first_bytes));
  const page_problem problem = scanner.finish();
  return {recorder.take(), problem};
}

scanned_rows scan_in_chunks(std::string_view page, std::size_t chunk_bytes) {
  row_recorder recorder;
  row_scanner scanner{recorder};
  while (!page.empty()) {
    const auto chunk = page.substr(0, chunk_bytes);
    scanner.feed(chunk);
    page.remove_prefix(chunk.size());
  }
  const page_problem problem = scanner.finish();
  return {recorder.take(), problem};
}

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

std::string disagreement(std::string_view page, const scanned_rows& ours, const oracle_rows& theirs) {
  const auto both = [&](std::string_view difference) {
    return std::string{difference} + "\n  ours:   " + printed(ours.rows) +
           "\n  libxml2: " + printed(theirs.rows);
  };
  const std::size_t count = ours.rows.size();
  switch (ours.problem) {
    case page_problem::none:
      if (theirs.first_nested) return both("libxml2 finds a nested row");
      return ours.rows == theirs.rows ? "" : both("different rows");
    case page_problem::nested_row:
      if (!theirs.first_nested) return both("libxml2 finds no nested row");
      // The scanner does not complete the outer row; libxml2 lists it before the inner one.
      return count + 1 == *theirs.first_nested && is_prefix(ours.rows, theirs.rows) ? ""
                                                                                    : both("different rows");
    case page_problem::overlong_word:
      if (!is_prefix(ours.rows, theirs.rows)) return both("different rows before the overlong word");
      return count < theirs.rows.size() && has_overlong_word(theirs.rows[count]) ? ""
                                                                                 : both("no overlong word");
    case page_problem::invalid_text:
      if (!may_hold_invalid_text(page)) return both("no invalid text");
      return is_prefix(ours.rows, theirs.rows) ? "" : both("different rows before the invalid text");
    case page_problem::ends_in_row:
      // If the page ends within a tag, libxml2 makes an element of it, which may be one more row.
      return is_prefix(ours.rows, theirs.rows) && theirs.rows.size() > count &&
                     theirs.rows.size() <= count + 2
                 ? ""
                 : both("different rows before the one that the page ends in");
    case page_problem::ends_in_markup:
      return is_prefix(ours.rows, theirs.rows) && theirs.rows.size() <= count + 1
                 ? ""
                 : both("different rows before the markup that the page ends in");
    case page_problem::page_as_row:
    case page_problem::too_deep:
      return is_prefix(ours.rows, theirs.rows) ? "" : both("different rows so far");
  }
  return both("unknown problem");
}

namespace {

// Returns true if a tag at the start of `page` has a form feed. Quotes may hold a `>`.
bool has_form_feed_in_tag(std::string_view page) {
  char quote = '\0';
  for (std::size_t at = 1; at < page.size() && (page[at] != '>' || quote != '\0'); ++at) {
    if (page[at] == '\f') return true;
    if (quote == '\0' && (page[at] == '"' || page[at] == '\'')) {
      quote = page[at];
    } else if (page[at] == quote) {
      quote = '\0';
    }
  }
  return false;
}

}  // namespace

bool is_read_otherwise(std::string_view page) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  constexpr std::string_view doctype = "<!doctype";
  for (std::size_t at = page.find('<'); at != std::string_view::npos; at = page.find('<', at + 1)) {
    const std::string_view rest = page.substr(at);
    if (rest.size() > 2 && rest[1] == '?' && static_cast<unsigned char>(rest[2]) >= 0x80) return true;
    if (has_form_feed_in_tag(rest)) return true;
    if (!std::ranges::equal(rest.substr(0, doctype.size()), doctype, {}, lower)) continue;
    const std::string_view declaration = rest.substr(0, rest.find('>'));
    if (std::ranges::count(declaration, '"') % 2 != 0 || std::ranges::count(declaration, '\'') % 2 != 0)
      return true;
  }
  return false;
}

std::string escaped(std::string_view page) {
  std::string text;
  for (const char c : page) {
    if (c == '\n') {
      text += "\\n";
    } else if (c >= ' ' && c <= '~') {
      text += c;
    } else {
      constexpr std::string_view digits = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      text += "\\x";
      text += digits[byte >> 4U];
      text += digits[byte & 0xFU];
    }
  }
  return text;
}

}  // namespace farebench::test
