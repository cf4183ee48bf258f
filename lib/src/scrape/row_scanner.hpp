#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "scrape/html_tags.hpp"
#include "scrape/row_text.hpp"

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
  /// The html or body element is a row.
  page_as_row,
  /// More open elements in a row than `row_scanner::max_depth`, or more tables than `max_tables`.
  too_deep,
  /// The elements of a row, svg or math do not nest, or hold one that changes what is open around it.
  unbalanced,
  /// A row lies where only the rules of tree construction would decide if and where it becomes an element.
  misplaced_row,
  /// The page ends within a row.
  ends_in_row,
  /// The page ends within a tag, comment, script or other markup.
  ends_in_markup,
};

/// Finds the rows of an HTML page while its bytes arrive. A row is an element whose class list has the token
/// `select-line`. Its words are its text nodes, joined in document order and split at white space. Text of
/// svg and of elements without markup (script, style, textarea, title, xmp, iframe, noembed, noframes) does
/// not count.
///
/// The scanner is a tokenizer of the HTML standard (13.2.5), without scripting. It builds no tree, takes
/// about 530 bytes and never allocates. It reads one page after another. Not thread-safe.
///
/// Of tree construction (13.2.6), it follows tables, select, template, svg and math. The rest is excluded:
/// - Within a row, every element is closed by its own end tag, in order: otherwise `unbalanced`. Exempt are
///   void elements and, in rows whose element is a block or a part of a table, formatting elements such as b.
///   A start tag that would close or leave an open element is `unbalanced`: a block in a p, an a in an a, an
///   li outside a list, text or a div directly in a table, HTML in svg. So are select, option, template,
///   math, nobr and the tags of the page's frame in a row.
/// - `misplaced_row`: a row in select, template, svg or math; directly in table, tbody or tr, unless it is a
///   part of a table; a part of a table outside of one; an element that the standard may ignore or move, such
///   as option, noscript or nested form.
/// - Anywhere on the page, `unbalanced`: frameset, plaintext, HTML or CDATA in svg or math, tables and raw
///   elements in select.
/// - A row's text has a problem if it is not UTF-8 or has control characters or noncharacters. Outside rows
///   they are ordinary characters.
/// - A page that ends within markup has a problem.
class row_scanner {
 public:
  /// Maximum number of open elements of a row.
  static constexpr std::size_t max_depth = 32;
  /// Maximum number of tables within each other, outside rows.
  static constexpr std::size_t max_tables = 12;

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
  /// Returns true if the page so far has a start tag of class `results`. Valid until `finish`.
  bool saw_results() const { return attributes_.saw_results(); }
  /// Returns true if the page so far ends within a row. Valid until `finish`.
  bool in_row() const { return in_row_; }
  /// Returns the bytes read so far of the word that has a problem. They may be invalid UTF-8.
  std::string_view partial_word() const { return text_.partial_word(); }

 private:
  enum class state : std::uint8_t {
    content,
    // After `&`.
    reference,
    // After `<`.
    markup,
    // After `</`.
    end_tag,
    // After `<!`.
    declaration,
    // After `<!-`.
    declaration_dash,
    comment,
    // In a declaration, instruction or invalid end tag, up to `>`.
    bogus_comment,
    tag_name,
    // After a tag's name.
    attributes,
    // In an element without markup.
    raw,
    // After `<`, `<!`, `<!-` there.
    raw_markup,
    raw_declaration,
    raw_declaration_dash,
    // In a name after `</`, or after `<` in a script's comment.
    raw_name,
  };
  // Position in a comment, by its last bytes.
  enum class comment_end : std::uint8_t { start, start_dash, none, dash, dashes, bang };
  // Scripts may hold a comment, and a script within it: data up to its end tag.
  enum class script_part : std::uint8_t { code, comment, script_in_comment };
  // Handling of a row's text.
  enum class text_use : std::uint8_t { skip, words, blanks_only };
  // Elements that may be open around a row and that a tag within it would close; combined by `|`.
  enum outer : std::uint8_t { outer_p = 1, outer_a = 2, outer_button = 4, outer_unknown = 8 };
  // An open table outside rows.
  struct open_table {
    // Open caption, td or th, from 1; 0 for none.
    std::uint8_t cell;
    // Open tbody, thead or tfoot, from 1; 0 for none.
    std::uint8_t section;
    // Value of `outer_` around the table.
    std::uint8_t outer;
  };

  const char* step(const char* pos, const char* end);
  const char* read_content(const char* pos, const char* end);
  const char* read_tag(const char* pos, const char* end);
  const char* read_reference(const char* pos);
  const char* read_markup(const char* pos);
  const char* read_comment(const char* pos, const char* end);
  const char* read_tag_name(const char* pos, const char* end);
  const char* read_attributes(const char* pos, const char* end);
  const char* read_raw(const char* pos, const char* end);
  const char* read_raw_markup(const char* pos);
  const char* read_raw_name(const char* pos);

  void begin_name(bool is_end_tag);
  void begin_raw(html::element_name name);
  void append_text(char32_t c);
  void finish_tag();
  void finish_start_tag(html::element_name name, html::traits traits);
  void begin_row(html::element_name name, html::traits traits);
  void admit_to_page(html::element_name name, html::traits traits);
  void admit_to_table(html::element_name name);
  void admit_to_region(html::element_name name, html::traits traits);
  bool fits_region(html::element_name name, html::traits traits) const;
  void end_on_page(html::element_name name, html::traits traits);
  void end_in_table(html::element_name name);
  void end_in_region(html::element_name name, html::traits traits);
  void push(html::element_name name, bool is_foreign);
  void pop();
  void choose_text_use();
  // Returns true if an element within which `barrier` elements hide it is open in the region.
  bool is_open(html::element_name name, html::traits traits) const;
  bool is_foreign(std::size_t depth) const { return (open_[depth] & 1U) != 0; }
  html::element_name name_at(std::size_t depth) const { return html::element_of_hash(open_[depth]); }
  // Returns true if the innermost element is of svg or math and its content is too.
  bool is_in_foreign_content() const;
  bool is_in_cell() const { return tables_ == 0 || open_tables_[tables_ - 1U].cell != 0; }
  void check_text();
  void fail(page_problem problem) {
    if (problem_ == page_problem::none) problem_ = problem;
  }

  row_listener* listener_;
  // Hash of the tag's name, or of the raw element's.
  std::uint64_t hash_ = 0;
  // The open elements of a region: of a row, or of svg or math outside rows. The lowest bit marks elements of
  // svg and math.
  std::array<std::uint64_t, max_depth> open_{};
  std::array<open_table, max_tables> open_tables_{};
  html::attribute_reader attributes_;
  html::character_reference reference_;
  word_collector text_;
  std::string_view raw_name_;
  std::uint32_t templates_ = 0;
  std::uint8_t depth_ = 0;
  std::uint8_t tables_ = 0;
  std::uint8_t outer_ = 0;
  // Number of matched bytes of a raw element's name, or of dashes in a script's comment.
  std::uint8_t matched_bytes_ = 0;
  // 1 directly after the start tag of a pre, whose content loses its first line end, and 2 after its CR.
  std::uint8_t line_end_ = 0;
  state state_ = state::content;
  comment_end comment_end_ = comment_end::start;
  script_part script_part_ = script_part::code;
  text_use text_use_ = text_use::skip;
  page_problem problem_ = page_problem::none;
  bool in_row_ = false;
  bool in_raw_ = false;
  bool is_end_tag_ = false;
  bool is_in_select_ = false;
  bool is_form_open_ = false;
  bool saw_end_ = false;
};

}  // namespace farebench
