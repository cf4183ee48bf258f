#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// Classes of bytes in markup.
namespace farebench::html {

/// White space between attributes and class tokens. libxml2 omits the form feed, which HTML counts.
constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

constexpr bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// The lower-case form of a byte that a tag or attribute name may hold, 0 for any other byte.
inline constexpr auto name_character_table = [] {
  std::array<char, 256> table{};
  const auto set = [&table](char byte, char lower) { table[static_cast<unsigned char>(byte)] = lower; };
  for (char c = 'a'; c <= 'z'; ++c) {
    set(c, c);
    set(static_cast<char>(c - 'a' + 'A'), c);
  }
  for (const char c : {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', '-', '_', '.'}) set(c, c);
  return table;
}();
constexpr char name_character(char c) { return name_character_table[static_cast<unsigned char>(c)]; }

/// Whether a tag's name in an end tag, or an attribute's, may begin with the byte.
constexpr bool begins_name(char c) { return is_ascii_letter(c) || c == '_' || c == ':' || c == '.'; }

}  // namespace farebench::html

/// What an HTML 4 parser knows of each element: its number, which start tags close it, which end tags may.
/// Pure functions over constant tables; any thread.
namespace farebench::html {

/// An element's number; `unknown` for every name without a rule or a place in the table. Two unknown
/// elements are the same only if their names are.
enum class element : std::uint8_t { unknown = 0 };

/// No element in the table has a longer name.
inline constexpr std::size_t longest_element_name = 10;

/// The number of a lower-case name, from that of the name without its last character: 0 for none, then a
/// digit of base 80 for each. Up to `longest_element_name` characters, no two names have one number.
constexpr std::uint64_t append_to_number(std::uint64_t number, char lower) {
  return number * 80 + static_cast<std::uint64_t>(lower - ',');  // '-' to 'z' are 1 to 78
}

/// The element of a lower-case name, or of the number of a name up to `longest_element_name`.
element find_element(std::string_view name);
element find_element(std::uint64_t number);

/// Whether the start tag of `opening` closes an open `open` that is the innermost element.
bool start_closes(element opening, element open);

/// An end tag closes what lies between it and its element only if none of that has a higher priority;
/// otherwise it is ignored.
int end_priority(element of);

/// No content, hence no end tag.
bool is_void(element of);

/// Named by the tree rules; see open_elements.
struct well_known {
  static const element html, head, body, p, script, style, title, meta, link, base, noframes, frame, frameset;
};

/// A tag's name: lower-case, at most `longest_tag_name` bytes, and its element.
struct tag_name {
  std::string_view text;
  element id;
};
inline constexpr std::size_t longest_tag_name = 100;

/// The elements that are open, and libxml2's rules for what a tag or text opens and closes. It keeps
/// names, not nodes: all that rows need of a tree. Part of a scanner's state, bounded: it holds `max_depth`
/// elements, and `max_unknown_bytes` of names that are not in the table; `push` says when that is not enough.
class open_elements {
 public:
  static constexpr std::size_t max_depth = 128;
  static constexpr std::size_t max_unknown_bytes = 128;

  /// A start tag: closes what it closes and opens what it implies (html, head, body). False if the tag itself
  /// is to be dropped, as a second body is.
  bool admit(const tag_name& name);
  /// The tag's element is open now.
  void push(const tag_name& name);
  /// The innermost element ends.
  void pop();
  /// An end tag: closes its element and what lies within, or is ignored.
  void end(const tag_name& name);
  /// Closes what the start tag of `opening` closes; `admit` does, too.
  void close_for(element opening);
  /// Text other than white space, which outside body implies one.
  void text();

  /// Whether white space and text must be told apart, because `text()` would open an element here.
  bool text_implies() const {
    return size_ == 0 || innermost() == well_known::html || innermost() == well_known::head;
  }
  /// Whether the innermost element's content is raw, up to its end tag.
  bool raw() const {
    return size_ != 0 && (innermost() == well_known::script || innermost() == well_known::style);
  }
  bool empty() const { return size_ == 0; }
  element innermost() const { return size_ == 0 ? element::unknown : stack_[size_ - 1]; }

  /// Watches the innermost element: `marked()` until it closes.
  void mark() { mark_ = size_; }
  bool marked() const { return mark_ != 0; }

  /// More was open at once than there is room for. What follows means nothing.
  bool overflowed() const { return overflowed_; }

 private:
  void imply(const tag_name& name);
  bool holds(element e) const;
  // The name that ends at `names_end`, of an unknown element.
  std::string_view unknown_name(std::size_t names_end) const;

  std::array<element, max_depth> stack_{};
  // The names of the unknown elements in stack_, each followed by its length.
  std::array<char, max_unknown_bytes> names_{};
  std::uint32_t dropped_ = 0;  // start tags dropped whose end tags are still to be dropped
  std::uint8_t size_ = 0;
  std::uint8_t names_size_ = 0;
  std::uint8_t mark_ = 0;  // the size when marked; 0 if nothing is
  bool had_head_ = false;
  bool had_body_ = false;
  bool overflowed_ = false;
};

}  // namespace farebench::html
