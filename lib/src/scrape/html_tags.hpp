#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "scrape/row_text.hpp"

/// Tags of an HTML page: element names and their traits, and class attributes, as in the HTML standard.
///
/// Functions are pure, for any thread. Readers are parts of one scanner's state and never allocate. Functions
/// that run for every tag are inline: without that, bench_scanner reads 6 to 12 % fewer bytes per second.
namespace farebench::html {

/// Returns true for white space between attributes and between class tokens.
constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Hash of an element's name in lower case. Its lowest bit is 0. Equal hashes count as equal names.
using element_name = std::uint64_t;

constexpr std::uint64_t append_to_hash(std::uint64_t hash, char c) {
  hash = (hash ^ static_cast<unsigned char>(lower(c))) * 0x9E3779B97F4A7C15;
  return hash ^ hash >> 32U;
}
constexpr element_name element_of_hash(std::uint64_t hash) { return hash & ~std::uint64_t{1}; }
constexpr element_name element_of(std::string_view name) {
  std::uint64_t hash = 0;
  for (const char c : name) hash = append_to_hash(hash, c);
  return element_of_hash(hash);
}

/// Properties of an element, combined by `|`.
enum trait : std::uint16_t {
  /// It has no content and no end tag.
  is_void = 1U << 0U,
  /// Its content is text up to its end tag.
  is_raw = 1U << 1U,
  /// Its start tag closes an open p.
  closes_p = 1U << 2U,
  /// A special element of the standard that end tags of formatting elements do not close, and whose start tag
  /// closes an open p or belongs in a table.
  is_block = 1U << 3U,
  /// A part of a table.
  is_table_part = 1U << 4U,
  /// A table or a part that holds no text.
  is_table_structure = 1U << 5U,
  /// Its end tag need not match, because it changes no text.
  is_formatting = 1U << 6U,
  /// Elements outside of it do not close within it.
  is_barrier = 1U << 7U,
  is_heading = 1U << 8U,
  /// Its start tag leaves svg and math.
  leaves_svg = 1U << 9U,
  /// It is neither a row nor part of one.
  is_refused = 1U << 10U,
  /// It has rules of its own, or changes how later tags of the page are read.
  is_context = 1U << 11U,
};
using traits = std::uint16_t;

/// Traits of the known elements, by hash of the name.
struct known_element {
  element_name name;
  traits value;
};
inline constexpr std::size_t known_elements_size = 512;
extern const std::array<known_element, known_elements_size> known_elements;

/// Returns the traits of an element; 0 for an unknown one.
inline traits traits_of(element_name name) {
  for (std::size_t slot = name >> 55U;; slot = (slot + 1) % known_elements_size) {
    const known_element& candidate = known_elements[slot];
    if (candidate.name == name || candidate.name == 0) return candidate.value;
  }
}

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
  void finish();
  bool found() const { return found_; }

 private:
  static constexpr std::uint8_t mismatch = 0xFF;

  std::uint8_t matched_bytes_ = 0;
  bool found_ = false;
  bool finished_ = false;
};

/// Reads a tag from the end of its name to its `>` while its bytes arrive. Of the attributes, only the
/// first `class` counts.
class attribute_reader {
 public:
  /// Begins the next tag of the page. Attributes of an end tag are read, but do not count.
  void begin_tag(bool is_end_tag);

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
    done
  };

  const char* begin_value(const char* pos, const char* end);
  const char* read_class_value(const char* pos, const char* end);
  void append_to_class(char c);
  void append_reference_to_class();
  void finish_class();

  character_reference reference_;
  class_token_finder<row_class> row_;
  // Unused once `saw_results_` is true.
  class_token_finder<results_class> results_;
  state state_ = state::between_attributes;
  // Number of bytes of the attribute's name that equal those of "class".
  std::uint8_t matched_bytes_ = 0;
  // 0 for an unquoted value.
  char quote_ = 0;
  bool is_class_ = false;
  bool had_class_ = false;
  bool is_self_closing_ = false;
  bool saw_results_ = false;
};

}  // namespace farebench::html
