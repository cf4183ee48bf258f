#include "tests/lib/scanned_rows.hpp"

#include <gtest/gtest.h>
#include <gumbo.h>

#include <algorithm>
#include <array>
#include <set>
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

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

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

bool is_row(const GumboElement& element) {
  const GumboAttribute* const attribute = gumbo_get_attribute(&element.attributes, "class");
  if (attribute == nullptr) return false;
  std::string_view rest{attribute->value};
  while (!rest.empty()) {
    const auto length = std::min(rest.find_first_of(class_separators), rest.size());
    if (rest.substr(0, length) == row_token) return true;
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
  return false;
}

bool is_one_of(GumboTag tag, std::initializer_list<GumboTag> tags) {
  return std::ranges::find(tags, tag) != tags.end();
}

bool has_words(const GumboElement& element) {
  return element.tag_namespace == GUMBO_NAMESPACE_HTML &&
         !is_one_of(element.tag, {GUMBO_TAG_SCRIPT, GUMBO_TAG_STYLE, GUMBO_TAG_TEXTAREA, GUMBO_TAG_TITLE,
                                  GUMBO_TAG_XMP, GUMBO_TAG_IFRAME, GUMBO_TAG_NOEMBED, GUMBO_TAG_NOFRAMES});
}

// Returns the name in a tag, or an empty text without one.
std::string tag_name(const GumboStringPiece& tag) {
  const std::string_view text{tag.data, tag.length};
  const auto begin = std::min(text.find_first_not_of("</"), text.size());
  std::string name{text.substr(begin, text.find_first_of(" \t\n\r\f/>", begin) - begin)};
  std::ranges::transform(name, name.begin(), lower);
  return name;
}

bool is_risky(const GumboNode& node) {
  const GumboElement& element = node.v.element;
  // gumbo closes an unknown element by the end tag of any other unknown one.
  if (element.tag == GUMBO_TAG_UNKNOWN &&
      tag_name(element.original_tag) != tag_name(element.original_end_tag))
    return true;
  const bool is_frame = is_one_of(element.tag, {GUMBO_TAG_HTML, GUMBO_TAG_HEAD, GUMBO_TAG_BODY});
  const bool lacks_end = (node.parse_flags & GUMBO_INSERTION_IMPLICIT_END_TAG) != 0 && !is_frame;
  return lacks_end || element.tag_namespace != GUMBO_NAMESPACE_HTML ||
         (element.tag == GUMBO_TAG_LI &&
          !is_one_of(node.parent->v.element.tag, {GUMBO_TAG_UL, GUMBO_TAG_OL})) ||
         is_one_of(element.tag,
                   {GUMBO_TAG_SELECT, GUMBO_TAG_OPTION, GUMBO_TAG_OPTGROUP, GUMBO_TAG_TEMPLATE,
                    GUMBO_TAG_NOBR, GUMBO_TAG_NOSCRIPT, GUMBO_TAG_FRAMESET, GUMBO_TAG_PLAINTEXT, GUMBO_TAG_RB,
                    GUMBO_TAG_RTC, GUMBO_TAG_RP, GUMBO_TAG_RT, GUMBO_TAG_DT, GUMBO_TAG_DD, GUMBO_TAG_COL,
                    GUMBO_TAG_COLGROUP, GUMBO_TAG_KEYGEN, GUMBO_TAG_MENUITEM, GUMBO_TAG_ISINDEX});
}

/// Reads the rows of a tree.
class tree_reader {
 public:
  explicit tree_reader(oracle_rows& found) : found_(found) {}

  // `rows` has the indices of the rows around the node.
  void read(const GumboNode& node, std::vector<std::size_t>& rows, bool is_text) {
    if (node.type == GUMBO_NODE_TEXT || node.type == GUMBO_NODE_WHITESPACE || node.type == GUMBO_NODE_CDATA) {
      if (!is_text) return;
      for (const std::size_t row : rows) texts_[row] += node.v.text.text;
    } else if (node.type == GUMBO_NODE_DOCUMENT) {
      read_children(node.v.document.children, rows, is_text);
    } else if (node.type == GUMBO_NODE_ELEMENT || node.type == GUMBO_NODE_TEMPLATE) {
      const GumboElement& element = node.v.element;
      found_.has_risky_element = found_.has_risky_element || is_risky(node);
      found_.has_frameset = found_.has_frameset || element.tag == GUMBO_TAG_FRAMESET;
      const bool begins_row = is_row(element);
      found_.has_form_row = found_.has_form_row || (begins_row && element.tag == GUMBO_TAG_FORM);
      if (begins_row) {
        if (!rows.empty() && !found_.first_nested) found_.first_nested = texts_.size();
        rows.push_back(texts_.size());
        texts_.emplace_back();
      }
      read_children(element.children, rows, is_text && has_words(element));
      if (begins_row) rows.pop_back();
    }
  }

  void finish() {
    for (const std::string& text : texts_) found_.rows.push_back(words_of(text));
  }

 private:
  void read_children(const GumboVector& children, std::vector<std::size_t>& rows, bool is_text) {
    for (unsigned i = 0; i < children.length; ++i)
      read(*static_cast<const GumboNode*>(children.data[i]), rows, is_text);
  }

  oracle_rows& found_;
  std::vector<std::string> texts_;
};

bool is_subsequence(const std::vector<row_words>& rows, const std::vector<row_words>& of) {
  auto next = rows.begin();
  for (const row_words& row : of)
    if (next != rows.end() && *next == row) ++next;
  return next == rows.end();
}

bool is_prefix(const std::vector<row_words>& rows, const std::vector<row_words>& of) {
  return rows.size() <= of.size() && std::equal(rows.begin(), rows.end(), of.begin());
}

// Returns true if the page has a byte that may be invalid text: a control character or a non-ASCII byte.
bool may_hold_invalid_text(std::string_view page) {
  return page.find("&#") != std::string_view::npos || std::ranges::any_of(page, [](char c) {
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

oracle_rows rows_of_gumbo(std::string_view page) {
  GumboOptions options = kGumboDefaultOptions;
  options.max_errors = 1;
  // gumbo replaces U+0085 by U+FFFD. Another line separator stands for it.
  std::string text{page};
  for (std::size_t at = 0; (at = text.find("\xC2\x85", at)) != std::string::npos;)
    text.replace(at, 2, "\xE2\x80\xA8");
  GumboOutput* const parsed = gumbo_parse_with_options(&options, text.data(), text.size());
  oracle_rows found;
  found.has_error = parsed->errors.length > 0;
  tree_reader reader{found};
  std::vector<std::size_t> rows;
  reader.read(*parsed->document, rows, true);
  reader.finish();
  gumbo_destroy_output(&options, parsed);
  return found;
}

std::string disagreement(std::string_view page, const scanned_rows& ours, const oracle_rows& theirs) {
  const auto both = [&](std::string_view difference) {
    return std::string{difference} + "\n  ours:   " + printed(ours.rows) +
           "\n  gumbo:  " + printed(theirs.rows);
  };
  // After a problem, later markup may still move a row, or make the body one.
  const bool is_odd = theirs.has_error || theirs.has_risky_element;
  const std::size_t count = ours.rows.size();
  if (theirs.has_form_row || (theirs.has_frameset && ours.problem != page_problem::none)) return "";
  switch (ours.problem) {
    case page_problem::none:
      if (theirs.first_nested) return both("gumbo finds a nested row");
      return ours.rows == theirs.rows ? "" : both("different rows");
    case page_problem::nested_row:
      // A later end tag may move the inner row out of the outer one.
      if (!theirs.first_nested && !is_odd) return both("gumbo finds no nested row");
      // The scanner does not complete the outer row; gumbo lists it before the inner one.
      return is_subsequence(ours.rows, theirs.rows) ? "" : both("different rows");
    case page_problem::overlong_word:
      if (!is_subsequence(ours.rows, theirs.rows)) return both("different rows before the overlong word");
      return std::ranges::any_of(theirs.rows, has_overlong_word) ? "" : both("no overlong word");
    case page_problem::invalid_text:
      if (!may_hold_invalid_text(page)) return both("no invalid text");
      return is_subsequence(ours.rows, theirs.rows) ? "" : both("different rows before the invalid text");
    case page_problem::ends_in_row:
      return is_prefix(ours.rows, theirs.rows) && theirs.rows.size() == count + 1
                 ? ""
                 : both("different rows before the one that the page ends in");
    case page_problem::ends_in_markup:
      return ours.rows == theirs.rows ? "" : both("different rows before the markup that the page ends in");
    case page_problem::page_as_row:
    case page_problem::too_deep:
      return is_subsequence(ours.rows, theirs.rows) ? "" : both("different rows so far");
    case page_problem::unbalanced:
    case page_problem::misplaced_row:
      if (!is_odd) return both("a problem of a page without oddities");
      return is_subsequence(ours.rows, theirs.rows) ? "" : both("different rows so far");
  }
  return both("unknown problem");
}

namespace {

// Returns true if the tag that begins `text` repeats an attribute without a value and has another after it.
bool repeats_empty_attribute(std::string_view text) {
  constexpr std::string_view blanks = " \t\n\r\f";
  std::set<std::string> names;
  text.remove_prefix(std::min(text.find_first_of(" \t\n\r\f/>"), text.size()));
  bool has_repeated = false;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\n\r\f/"), text.size()));
    if (text.empty() || text.front() == '>') return false;
    const std::size_t size = std::min(text.find_first_of(" \t\n\r\f/=>", 1), text.size());
    std::string name{text.substr(0, size)};
    std::ranges::transform(name, name.begin(), lower);
    // Different invalid bytes may be one character: U+FFFD.
    for (char& c : name) c = static_cast<unsigned char>(c) < 0x80 ? c : '\x80';
    name.erase(std::ranges::unique(name, [](char a, char b) { return a == '\x80' && b == '\x80'; }).begin(),
               name.end());
    if (has_repeated) return true;
    const bool is_repeated = !names.insert(name).second;
    text.remove_prefix(size);
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    if (!text.starts_with('=')) {
      has_repeated = is_repeated;
      continue;
    }
    text.remove_prefix(std::min(text.find_first_not_of(blanks, 1), text.size()));
    const char quote = text.empty() ? '>' : text.front();
    const bool is_quoted = quote == '"' || quote == '\'';
    const std::size_t end = is_quoted ? text.find(quote, 1) : text.find_first_of(" \t\n\r\f>");
    if (end == std::string_view::npos) return false;
    text.remove_prefix(is_quoted ? end + 1 : end);
  }
}

}  // namespace

bool is_read_otherwise(std::string_view page) {
  const auto is_equal = [](char a, char b) { return lower(a) == b; };
  // gumbo reads two elements as earlier versions of the standard did: isindex as a form, menuitem as void.
  constexpr std::array<std::string_view, 2> tags = {"<isindex", "<menuitem"};
  const bool has_tag = std::ranges::any_of(
      tags, [&](std::string_view tag) { return !std::ranges::search(page, tag, is_equal).empty(); });
  // gumbo loses a NUL at the start of an attribute's name.
  if (has_tag || page.find('\0') != std::string_view::npos) return true;
  // After such an attribute, gumbo may lose the next one or join their names.
  for (std::size_t at = page.find('<'); at != std::string_view::npos; at = page.find('<', at + 1))
    if (at + 1 < page.size() && lower(page[at + 1]) >= 'a' && lower(page[at + 1]) <= 'z' &&
        repeats_empty_attribute(page.substr(at)))
      return true;
  // gumbo's numbers overflow.
  for (std::size_t at = page.find("&#"); at != std::string_view::npos; at = page.find("&#", at + 1)) {
    const std::size_t digits = page.find_first_not_of("0123456789abcdefABCDEFxX", at + 2);
    if (std::min(digits, page.size()) - at > 9) return true;
  }
  // gumbo replaces DEL, the control characters from U+0080 and noncharacters by U+FFFD.
  for (std::size_t at = 0; at < page.size(); ++at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(page[at + i]); };
    if (byte(0) == 0x7F) return true;
    if (at + 1 < page.size() && byte(0) == 0xC2 && byte(1) < 0xA0 && byte(1) != 0x85) return true;
    if (at + 2 < page.size() && byte(0) == 0xEF && byte(1) == 0xB7 && byte(2) >= 0x90 && byte(2) <= 0xAF)
      return true;
    if (at + 3 < page.size() && byte(0) >= 0xF0 && (byte(1) & 0xFU) == 0xF && byte(2) == 0xBF &&
        byte(3) >= 0xBE)
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
