#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "scrape/row_text.hpp"

/// Tags of an HTML page: element names and their rules, tag names, and class attributes. The rules are those
/// of the HTML parser of libxml2 2.9.14, an HTML 4 parser.
///
/// Functions are pure, for any thread. Readers are parts of one scanner's state and never allocate. Functions
/// that run for every tag are inline: without that, bench_scanner reads 6 to 12 % fewer bytes per second.
namespace farebench::html {

/// Returns true for white space between attributes and between class tokens. Unlike libxml2, and like HTML,
/// includes the form feed.
constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

/// Lower-case form of each byte that a tag's or attribute's name may hold; 0 for every other byte.
inline constexpr auto lower_name_bytes = [] {
  std::array<char, 256> table{};
  const auto set = [&table](char byte, char lower) { table[static_cast<unsigned char>(byte)] = lower; };
  for (char c = 'a'; c <= 'z'; ++c) {
    set(c, c);
    set(static_cast<char>(c - 'a' + 'A'), c);
  }
  for (const char c : {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', '-', '_', '.'}) set(c, c);
  return table;
}();
constexpr char lower_name_byte(char c) { return lower_name_bytes[static_cast<unsigned char>(c)]; }

/// Returns true for the first byte of an attribute's name, or of the name in an end tag.
constexpr bool begins_name(char c) { return is_ascii_letter(c) || c == '_' || c == ':' || c == '.'; }

/// Known element names: those of HTML 4, which the rules name, and those of HTML 5. `open_elements` stores
/// the names of all others in full.
inline constexpr std::array element_names = std::to_array<std::string_view>({
    "a",        "abbr",     "acronym",  "address",  "applet",  "area",     "article",    "aside",
    "audio",    "b",        "base",     "basefont", "bdo",     "big",      "blockquote", "body",
    "br",       "button",   "canvas",   "caption",  "center",  "cite",     "code",       "col",
    "colgroup", "data",     "datalist", "dd",       "del",     "details",  "dfn",        "dialog",
    "dir",      "div",      "dl",       "dt",       "em",      "embed",    "fieldset",   "figcaption",
    "figure",   "font",     "footer",   "form",     "frame",   "frameset", "h1",         "h2",
    "h3",       "h4",       "h5",       "h6",       "head",    "header",   "hgroup",     "hr",
    "html",     "i",        "iframe",   "img",      "input",   "ins",      "isindex",    "kbd",
    "label",    "legend",   "li",       "link",     "listing", "main",     "map",        "mark",
    "math",     "menu",     "meta",     "meter",    "nav",     "noframes", "noscript",   "object",
    "ol",       "optgroup", "option",   "output",   "p",       "param",    "picture",    "pre",
    "progress", "q",        "rp",       "rt",       "ruby",    "s",        "samp",       "script",
    "section",  "select",   "small",    "source",   "span",    "strike",   "strong",     "style",
    "sub",      "summary",  "sup",      "svg",      "table",   "tbody",    "td",         "template",
    "textarea", "tfoot",    "th",       "thead",    "time",    "title",    "tr",         "track",
    "tt",       "u",        "ul",       "var",      "video",   "wbr",      "xmp",
});

/// Index in `element_names` plus one, or `unknown` for any other name. Two unknown elements are equal only if
/// their names are.
enum class element : std::uint8_t { unknown = 0 };
static_assert(element_names.size() < 255, "an element is stored in one byte");

/// Returns the element of a known name. For constant expressions only.
constexpr element known_element(std::string_view name) {
  for (std::size_t i = 0; i < element_names.size(); ++i)
    if (element_names[i] == name) return element{static_cast<std::uint8_t>(i + 1)};
  throw "the name is not in element_names";
}

/// Elements with rules of their own.
namespace well_known {
inline constexpr element html = known_element("html");
inline constexpr element head = known_element("head");
inline constexpr element body = known_element("body");
inline constexpr element p = known_element("p");
inline constexpr element script = known_element("script");
inline constexpr element style = known_element("style");
inline constexpr element title = known_element("title");
inline constexpr element meta = known_element("meta");
inline constexpr element link = known_element("link");
inline constexpr element base = known_element("base");
inline constexpr element noframes = known_element("noframes");
inline constexpr element frame = known_element("frame");
inline constexpr element frameset = known_element("frameset");
}  // namespace well_known

/// Length of the longest name in `element_names`.
inline constexpr std::size_t max_known_name_bytes = 10;

/// Appends a byte to the key of a lower-case name; the empty name has the key 0. Keys are numbers of base 80,
/// so that names of up to `max_known_name_bytes` have distinct keys.
constexpr std::uint64_t append_to_key(std::uint64_t key, char lower) {
  // The digits are 1 for '-' to 78 for 'z'.
  return key * 80 + static_cast<std::uint64_t>(lower - ',');
}

/// Rules of one element.
struct element_rules {
  /// Key of its name, or 0 for the unknown element.
  std::uint64_t key;
  /// Elements whose start tags close it when it is innermost: bit `element % 64` of word `element / 64`.
  std::array<std::uint64_t, (element_names.size() + 64) / 64> closed_by;
  /// An end tag is ignored if an element of a higher priority is open within the element that it would close.
  std::uint8_t end_tag_priority;
  /// True if it has no content and no end tag.
  bool is_void;
};
using element_table = std::array<element_rules, element_names.size() + 1>;
extern const element_table elements;

inline const element_rules& rules_of(element id) { return elements[static_cast<std::size_t>(id)]; }

/// Hash table of the known keys.
inline constexpr int slot_bits = 10;
extern const std::array<element, std::size_t{1} << slot_bits> element_by_slot;

/// Hashes a key. The factor was found by trial: known keys do not collide.
constexpr std::size_t slot_of(std::uint64_t key) { return key * 0xC778C7DE815FC059 >> (64 - slot_bits); }

/// Returns the element of the key of a name of up to `max_known_name_bytes`.
inline element find_element(std::uint64_t key) {
  const element candidate = element_by_slot[slot_of(key)];
  return rules_of(candidate).key == key ? candidate : element::unknown;
}

/// Returns true if a start tag of `opening` closes the innermost open element `open`.
inline bool start_tag_closes(element opening, element open) {
  const auto bit = static_cast<std::size_t>(opening);
  return (rules_of(open).closed_by[bit / 64] >> (bit % 64) & 1U) != 0;
}

/// Limit of libxml2 for a tag's name. The rest of a longer name is read as attributes.
inline constexpr std::size_t max_tag_name_bytes = 100;

/// A tag's name in lower case, up to `max_tag_name_bytes`, and its element.
struct tag_name {
  std::string_view text;
  element id;
};

/// Reads a tag's name while its bytes arrive.
class tag_name_reader {
 public:
  void reset() {
    size_ = 0;
    key_ = 0;
  }
  /// Reads bytes of the name. Returns the first byte that is not part of it, or `end`.
  const char* read(const char* pos, const char* end) {
    std::size_t size = size_;
    std::uint64_t key = key_;
    for (; pos != end && size < max_tag_name_bytes; ++pos) {
      const char lower = lower_name_byte(*pos);
      if (lower == 0) break;
      text_[size++] = lower;
      key = append_to_key(key, lower);
    }
    size_ = static_cast<std::uint8_t>(size);
    key_ = key;
    return pos;
  }
  bool is_full() const { return size_ == max_tag_name_bytes; }

  /// Returns the name read so far. Its text is valid until the next `reset` or `read`.
  tag_name name() const {
    return {{text_.data(), size_}, size_ > max_known_name_bytes ? element::unknown : find_element(key_)};
  }

 private:
  std::array<char, max_tag_name_bytes> text_{};
  std::uint8_t size_ = 0;
  // Valid for names of up to `max_known_name_bytes`.
  std::uint64_t key_ = 0;
};

/// Returns the element of the name up to its first full stop. For a start tag, libxml2 closes elements first
/// for this name and then for the whole one, because its look-ahead reads names by other rules.
element look_ahead_element(const tag_name& name);

/// Class of a fare row.
inline constexpr std::string_view row_class = "select-line";
/// Class of the element that holds the rows.
inline constexpr std::string_view results_class = "results";

/// Searches a class attribute for a token while its bytes arrive. The token is a template parameter, because
/// a constant token is compared faster.
template <const std::string_view& token>
class class_token_finder {
 public:
  void reset();
  /// Searches a whole value without character references. Replaces the calls below.
  void search(std::string_view value);
  void append(char c);
  void append_decoded(char32_t c);
  void finish();
  bool found() const { return found_; }

 private:
  static constexpr std::uint8_t mismatch = 0xFF;

  std::uint8_t matched_bytes_ = 0;
  bool found_ = false;
  bool finished_ = false;
};

/// Reads a start tag from the end of its name to its `>` while its bytes arrive. Of the attributes, only the
/// first `class` counts.
class attribute_reader {
 public:
  /// Begins the next tag of the page.
  void begin_tag();

  /// Reads bytes of the tag. Returns the first byte after it, or `end`.
  const char* read(const char* pos, const char* end);
  /// Returns true if the tag is complete.
  bool is_done() const { return state_ == state::done; }

  /// Returns true if the complete tag ends in "/>".
  bool is_self_closing() const { return is_self_closing_; }
  /// Returns true if the complete tag has the class `row_class`.
  bool begins_row() const { return row_.found(); }
  /// Returns true if a tag of the page so far has the class `results_class`.
  bool saw_results() const { return saw_results_; }

 private:
  enum class state : std::uint8_t {
    between_attributes,
    attribute_name,
    after_attribute_name,
    before_value,
    quoted_value,
    unquoted_value,
    class_value,
    // In a character reference in the value of `class`.
    class_reference,
    // After a `/`, which ends the tag if a `>` follows.
    slash,
    // In bytes that belong to no attribute, up to white space, `>` or `/`.
    ignored,
    done
  };

  const char* begin_value(const char* pos, const char* end);
  const char* read_attribute_name(const char* pos, const char* end);
  const char* finish_attribute_name(const char* pos);
  const char* read_class_value(const char* pos, const char* end);
  void append_to_class(char c);
  void append_reference_to_class();
  void finish_class();

  character_reference reference_;
  class_token_finder<row_class> row_;
  // Unused once `saw_results_` is true.
  class_token_finder<results_class> results_;
  state state_ = state::between_attributes;
  std::uint8_t attribute_name_bytes_ = 0;
  // 0 for an unquoted value.
  char quote_ = 0;
  bool is_class_ = false;
  bool had_class_ = false;
  bool is_self_closing_ = false;
  bool saw_results_ = false;
};

}  // namespace farebench::html
