#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "site/attribute_reader.hpp"
#include "site/character_reference.hpp"
#include "site/open_elements.hpp"
#include "site/tag_name_reader.hpp"
#include "site/word_collector.hpp"

namespace farebench {

/// What kept a page from being read to its end as whole rows.
enum class page_problem : std::uint8_t {
  none,
  overlong_word,   ///< a row's word has more than `word_collector::max_word_bytes` bytes
  invalid_text,    ///< a row's text is not UTF-8, or has control or non-characters
  nested_row,      ///< a row within a row
  page_as_row,     ///< the html element itself is a row
  too_deep,        ///< more elements open at once than `html::open_elements` holds
  ends_in_row,     ///< the page broke off within a row
  ends_in_markup,  ///< the page broke off within a tag, a comment, a script or the like
};

/// Finds the rows of an HTML page as its bytes arrive, and hands their words to a listener: the rows are
/// the elements whose class list holds the token `select-line`, their words the row's text nodes, joined in
/// document order and split at white space. It reads HTML as libxml2 2.9.14's parser does, errors and all,
/// but holds no tree: about 500 bytes, and it never allocates. One page after another; not shared
/// between threads.
///
/// It differs from libxml2, on purpose, in that
/// - in a row, text that is not UTF-8 and control and non-characters are `invalid_text`, where libxml2 drops
///   or passes them and so may join two words; elsewhere they are ordinary characters, and a NUL ends
///   nothing;
/// - a form feed is white space in a tag, as HTML says, lest a row be lost;
/// - a doctype ends at its first `>`, even within quotes, as in a browser; an open quote would hide the page;
/// - `<?` begins an instruction only if an ASCII letter, `_` or `:` follows, not any letter;
/// - rows that nest or are the html element, and elements beyond the room of `open_elements`, are problems;
/// - a page that ends within markup is a problem, where libxml2 takes the tag or comment for whole.
/// Like libxml2, and unlike a browser: a comment does not end at `<!-->`; `<!x>` and `</ x>` leave text; a
/// `/` within a tag hides what follows it up to white space; named references need their semicolon, and
/// `&#128;` is U+0080; textarea and title hold markup; of HTML 5's elements none is void or closes another.
class row_scanner {
 public:
  /// The listener must outlive the scanner's use.
  explicit row_scanner(row_listener& listener) : listener_(&listener) {}

  /// The next bytes of the page, split anywhere. After a problem the rest is ignored.
  void feed(std::string_view piece);

  /// The page has ended. The scanner is then as new.
  page_problem finish();

  /// The first problem so far; `finish` may find another.
  page_problem problem() const { return problem_; }
  /// Whether the page so far has had the end tag of its html element, and an element whose class list holds
  /// the token `results`. `finish` forgets it.
  bool saw_end() const { return saw_end_; }
  bool saw_results() const { return attributes_.saw_results(); }
  /// The word that a problem came in, as far as it was read; any bytes.
  std::string_view unfinished_word() const { return words_.unfinished(); }

 private:
  enum class place : std::uint8_t {
    content,
    reference,          // & …
    markup,             // <
    declaration,        // <! …, which may become a comment, a doctype or text
    comment,            // <!-- …
    instruction_start,  // <?
    to_end,             // the rest of an instruction, doctype or end tag, up to >
    start_tag_name,     // <x …
    attributes,         // <x …, after the name
    end_tag_start,      // </
    end_tag_name,       // </x …
    raw_start,          // where a script or style begins, or goes on after an end tag
    raw_start_markup,   // < there
    raw_start_name,     // <x there
    raw,
    raw_markup,  // <
    raw_end,     // </ …, which may be the end tag
  };
  // What goes before the first element or text. White space there is nothing at all.
  enum class stage : std::uint8_t { start, before_doctype, after_doctype, content };

  const char* step(const char* at, const char* end);
  const char* content(const char* at, const char* end);
  const char* outer_text(const char* at, const char* end);
  const char* reference(const char* at);
  const char* markup(const char* at);
  const char* declaration(const char* at);
  const char* comment(const char* at, const char* end);
  const char* tag(const char* at, const char* end);
  const char* start_tag_name(const char* at, const char* end);
  const char* attributes(const char* at, const char* end);
  const char* to_end(const char* at, const char* end);
  const char* end_tag_start(const char* at);
  const char* end_tag_name(const char* at, const char* end);
  const char* raw_start_name(const char* at, const char* end);
  const char* raw_end(const char* at);

  void begin_reference();
  void begin_markup();
  void imply_by_text();
  void take_text(std::string_view text);
  void take_less_than();
  void take_start_tag();
  void take_end_tag();
  void after_tag();
  void settle_row();
  void check_words();
  void fail(page_problem problem) { problem_ = problem; }

  row_listener* listener_;
  html::open_elements open_;
  html::tag_name_reader name_;
  html::attribute_reader attributes_;
  html::character_reference reference_;
  word_collector words_;
  std::array<char, 9> declared_{};  // what followed <, while it may be a declaration
  std::uint16_t blanks_ = 0;        // since the last text or markup, where text_implies()
  std::uint8_t matched_ = 0;        // of what the place is looking for
  place place_ = place::content;
  stage stage_ = stage::start;
  page_problem problem_ = page_problem::none;
  bool row_ = false;            // a row has begun and its end was not yet told
  bool is_end_tag_ = false;     // to_end ends an end tag
  bool after_doctype_ = false;  // a misplaced doctype came just before
  bool saw_end_ = false;        // </html>
};

}  // namespace farebench
