#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "site/html_elements.hpp"

namespace farebench::html {

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
