#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "scrape/html_tags.hpp"
#include "scrape/row_text.hpp"

namespace farebench::html {

/// The open elements of a page, and the rules of libxml2 for the elements that a tag or text opens and
/// closes. Rows need no more of the document tree. Part of one scanner's state; never allocates.
class open_elements {
 public:
  /// Maximum number of open elements.
  static constexpr std::size_t max_depth = 128;
  /// Maximum total size of the names of open unknown elements, plus one byte for each.
  static constexpr std::size_t max_unknown_bytes = 128;

  /// Prepares for a start tag: closes the elements that it closes and opens those that it implies (html,
  /// head, body). Returns false if the tag must be ignored, such as a second body.
  bool admit(const tag_name& name);
  /// Opens an element within the innermost one.
  void push(const tag_name& name);
  /// Closes the innermost element.
  void pop();
  /// Applies an end tag: closes its element and all elements within, or ignores the tag.
  void end(const tag_name& name);
  /// Closes the elements that a start tag of `opening` closes. Part of `admit`.
  void close_for(element opening);
  /// Applies text other than white space, which implies a paragraph outside body.
  void admit_text();

  /// Returns true if `admit_text` would open an element.
  bool text_implies_element() const {
    return size_ == 0 || innermost() == well_known::html || innermost() == well_known::head;
  }
  /// Returns true if the content of the innermost element is raw text up to its end tag.
  bool is_raw() const {
    return size_ != 0 && (innermost() == well_known::script || innermost() == well_known::style);
  }
  element innermost() const { return size_ == 0 ? element::unknown : stack_[size_ - 1]; }

  /// Marks the innermost element. The mark is removed when the element closes.
  void mark() { marked_size_ = size_; }
  bool has_mark() const { return marked_size_ != 0; }

  /// Returns true if the open elements exceeded one of the maxima. The state is then invalid.
  bool has_overflowed() const { return has_overflowed_; }

 private:
  void imply(const tag_name& name);
  bool contains(element id) const;
  // Returns the name of the unknown element that is stored before `names_end`.
  std::string_view unknown_name(std::size_t names_end) const;

  std::array<element, max_depth> stack_{};
  // Names of the unknown elements in `stack_`, each followed by its length.
  std::array<char, max_unknown_bytes> names_{};
  // Number of ignored start tags whose end tags must be ignored, too.
  std::uint32_t ignored_tags_ = 0;
  std::uint8_t size_ = 0;
  std::uint8_t names_size_ = 0;
  // Value of `size_` at the mark, or 0 without one.
  std::uint8_t marked_size_ = 0;
  bool had_head_ = false;
  bool had_body_ = false;
  bool has_overflowed_ = false;
};

}  // namespace farebench::html

namespace farebench {

/// Reason why a page could not be read to its end.
enum class page_problem : std::uint8_t {
  none,
  /// A word of a row is longer than `word_collector::max_word_bytes`.
  overlong_word,
  /// The text of a row is not UTF-8, or has a control character or a noncharacter.
  invalid_text,
  /// A row lies within another row.
  nested_row,
  /// The html element is a row.
  page_as_row,
  /// The open elements exceed a maximum of `html::open_elements`.
  too_deep,
  /// The page ends within a row.
  ends_in_row,
  /// The page ends within a tag, comment, script or other markup.
  ends_in_markup,
};

/// Finds the rows of an HTML page while its bytes arrive. A row is an element whose class list has the token
/// `select-line`. Its words are its text nodes, joined in document order and split at white space.
///
/// The scanner reads a page as the HTML parser of libxml2 2.9.14 does, including the recovery from errors. It
/// builds no tree, takes about 500 bytes and never allocates. It reads one page after another. Not
/// thread-safe.
///
/// Intended differences from libxml2:
/// - A row's text has a problem if it is not UTF-8 or has control characters or noncharacters. libxml2 drops
///   or passes such bytes, and may join two words. Outside rows they are ordinary characters, including NUL.
/// - A form feed within a tag is white space, as in HTML. Otherwise a row could be missed.
/// - A doctype ends at its first `>`, even within quotes, as in browsers. Otherwise an open quote would
///   hide the page.
/// - `<?` begins an instruction only before an ASCII letter, `_` or `:`, not before other letters.
/// - Nested rows, the html element as a row, and too many open elements are problems.
/// - A page that ends within markup has a problem. libxml2 completes the tag or comment.
///
/// Differences from browsers, shared with libxml2:
/// - A comment does not end at `<!-->`, and `<!x>` and `</ x>` are text.
/// - A `/` within a tag hides the following bytes up to white space.
/// - Named references need a semicolon, and `&#128;` is U+0080.
/// - textarea and title may contain markup, and no HTML 5 element is void or closes another.
class row_scanner {
 public:
  /// `listener` must outlive the scanner's use.
  explicit row_scanner(row_listener& listener) : listener_(&listener) {}

  /// Reads the next chunk of the page. Chunks may end anywhere. After a problem, the rest of the page is
  /// ignored.
  void feed(std::string_view chunk);

  /// Ends the page and returns its first problem. The next `feed` begins a new page.
  page_problem finish();

  /// Returns the first problem so far. `finish` may find another.
  page_problem problem() const { return problem_; }
  /// Returns true if the page so far has the end tag of html. Valid until `finish`.
  bool saw_end() const { return saw_end_; }
  /// Returns true if the page so far has an element of class `results`. Valid until `finish`.
  bool saw_results() const { return attributes_.saw_results(); }
  /// Returns the bytes read so far of the word that has a problem. They may be invalid UTF-8.
  std::string_view partial_word() const { return text_.partial_word(); }

 private:
  enum class state : std::uint8_t {
    content,
    // After `&`.
    reference,
    // After `<`.
    markup,
    // After `<!`: a comment, a doctype or text.
    declaration,
    // After `<!--`.
    comment,
    // After `<?`.
    instruction,
    // In the rest of an instruction, doctype or end tag, up to `>`.
    before_tag_end,
    start_tag_name,
    // After the name of a start tag.
    attributes,
    // After `</`.
    end_tag,
    end_tag_name,
    // At the start of a script's or style's content, or after an end tag within it.
    raw_start,
    // After `<` there.
    raw_start_markup,
    // After `<` and a letter there.
    raw_start_name,
    raw,
    // After `<` in raw content.
    raw_markup,
    // After `</` in raw content: perhaps the end tag.
    raw_end_tag,
  };
  // Parts of a page. White space before the content is ignored.
  enum class page_part : std::uint8_t { start, before_doctype, after_doctype, content };

  const char* step(const char* pos, const char* end);
  const char* read_content(const char* pos, const char* end);
  const char* read_tag(const char* pos, const char* end);
  const char* read_text_outside_body(const char* pos, const char* end);
  const char* read_reference(const char* pos);
  const char* read_markup(const char* pos);
  const char* read_declaration(const char* pos);
  const char* read_comment(const char* pos, const char* end);
  const char* read_to_tag_end(const char* pos, const char* end);
  const char* read_start_tag_name(const char* pos, const char* end);
  const char* read_attributes(const char* pos, const char* end);
  const char* read_end_tag(const char* pos);
  const char* read_end_tag_name(const char* pos, const char* end);
  const char* read_raw_start_name(const char* pos, const char* end);
  const char* read_raw_end_tag(const char* pos);

  void begin_reference();
  void begin_markup();
  void begin_content();
  void admit_text();
  void append_text(std::string_view text);
  void append_less_than();
  void finish_start_tag();
  void finish_end_tag();
  void finish_closed_row();
  void check_text();
  void fail(page_problem problem) { problem_ = problem; }

  row_listener* listener_;
  html::open_elements open_;
  html::tag_name_reader name_;
  html::attribute_reader attributes_;
  html::character_reference reference_;
  word_collector text_;
  // Bytes after a `<` that may begin a declaration.
  std::array<char, 9> declaration_{};
  // White space since the last text or markup, while text would imply an element.
  std::uint16_t blanks_ = 0;
  // Number of matched bytes of the state's marker, such as "-->".
  std::uint8_t matched_bytes_ = 0;
  state state_ = state::content;
  page_part part_ = page_part::start;
  page_problem problem_ = page_problem::none;
  bool in_row_ = false;
  // True if `before_tag_end` is in an end tag.
  bool is_end_tag_ = false;
  // True directly after a misplaced doctype.
  bool after_misplaced_doctype_ = false;
  bool saw_end_ = false;
};

}  // namespace farebench
