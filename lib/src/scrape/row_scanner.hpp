#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "scrape/fare_row.hpp"
#include "scrape/html_elements.hpp"

namespace farebench::html {

/// A tag's name as its bytes arrive. At `longest_tag_name` it ends, as libxml2's does. Part of a scanner's
/// state.
class tag_name_reader {
 public:
  void clear() {
    size_ = 0;
    number_ = 0;
  }
  /// Takes the name's bytes from [at, end) and returns where it stopped.
  const char* read(const char* at, const char* end);
  bool full() const { return size_ == longest_tag_name; }

  tag_name name() const;
  /// For a start tag, libxml2 first closes elements for the name up to its first full stop, then for the
  /// whole name. Seen in 2.9.14, whose look-ahead reads names by other rules.
  static element early_id(const tag_name& name);

 private:
  std::string_view text() const { return {text_.data(), size_}; }

  std::array<char, longest_tag_name> text_{};
  std::uint8_t size_ = 0;
  std::uint64_t number_ = 0;  // as append_to_number makes it; means nothing of a name too long for an element
};

/// What marks a fare row, and what marks the part of a page that holds the rows.
inline constexpr std::string_view row_class = "select-line";
inline constexpr std::string_view results_class = "results";

/// Looks for a token in a class list, a character at a time. Instantiated for the two above: as a constant,
/// the token costs a search nothing.
template <const std::string_view& token>
class class_token_finder {
 public:
  void begin();
  /// A whole value without references; instead of the calls below.
  void value(std::string_view text);
  void raw(char c);
  void decoded(char32_t c);
  void end();
  bool found() const { return found_; }

 private:
  static constexpr std::uint8_t mismatch = 0xFF;

  std::uint8_t matched_ = 0;
  bool found_ = false;
  bool ended_ = false;
};

/// Reads what follows a start tag's name, up to its `>`, as its bytes arrive: whether the tag closes
/// itself, whether it begins a row, and whether a tag so far began the results. Of the attributes, only the
/// first `class` is looked at. Part of a scanner's state.
class attribute_reader {
 public:
  /// A start tag's name was read.
  void begin();

  /// Takes the tag's bytes from [at, end) and returns where it stopped; the tag is complete if `done()`.
  const char* read(const char* at, const char* end);
  bool done() const { return at_ == place::done; }

  // Once done:
  bool self_closing() const { return self_closing_; }
  bool begins_row() const { return row_.found(); }
  /// This tag or one before it.
  bool saw_results() const { return saw_results_; }

 private:
  enum class place : std::uint8_t {
    between,
    attribute_name,
    after_attribute_name,
    before_value,
    quoted_value,
    slash,  // a / was read: it ends the tag if a > follows, else begins nonsense
    nonsense,
    unquoted_value,
    class_value,
    class_reference,
    done
  };

  const char* begin_value(const char* at, const char* end);
  const char* attribute_name(const char* at, const char* end);
  const char* end_attribute_name(const char* at);
  const char* class_value(const char* at, const char* end);
  void take_class(char c);
  void end_class();
  void take_reference();

  character_reference reference_;
  class_token_finder<row_class> row_;
  class_token_finder<results_class> results_;  // not asked any more once it was seen
  place at_ = place::between;
  std::uint8_t attribute_size_ = 0;
  char quote_ = 0;  // 0 for an unquoted value
  bool is_class_ = false;
  bool had_class_ = false;
  bool self_closing_ = false;
  bool saw_results_ = false;
};

}  // namespace farebench::html

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
