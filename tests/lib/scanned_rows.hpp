#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scrape/row_scanner.hpp"

namespace farebench::test {

/// The words of one row.
using row_words = std::vector<std::string>;

/// Result of scanning a page: its complete rows, and its problem.
struct scanned_rows {
  std::vector<row_words> rows;
  page_problem problem = page_problem::none;

  bool operator==(const scanned_rows&) const = default;
};

/// Records the complete rows that a scanner delivers.
class row_recorder final : public row_listener {
 public:
  void on_row_begin() override { row_.clear(); }
  void on_word(std::string_view word) override { row_.emplace_back(word); }
  void on_row_end() override { rows_.push_back(row_); }

  std::vector<row_words> take() { return std::exchange(rows_, {}); }

 private:
  row_words row_;
  std::vector<row_words> rows_;
};

/// Scans the page in one chunk.
scanned_rows scan(std::string_view page);
/// Scans the page in two chunks: its first `first_bytes` bytes and the rest.
scanned_rows scan_split(std::string_view page, std::size_t first_bytes);
/// Scans the page in chunks of `chunk_bytes`. The last may be shorter.
scanned_rows scan_in_chunks(std::string_view page, std::size_t chunk_bytes);

/// Rows that gumbo finds in a page: the reference for the scanner.
struct oracle_rows {
  /// In document order. Each has its whole text, including that of nested rows.
  std::vector<row_words> rows;
  /// Index of the first row that lies within another.
  std::optional<std::size_t> first_nested;
  /// True if the page has an element that the scanner may refuse, or whose end tag is missing.
  bool has_risky_element = false;
  /// True if a form is a row: gumbo inserts the text before its end tag after it, unlike the standard.
  bool has_form_row = false;
  /// True if the page has a frameset, which replaces a body without text, and its rows.
  bool has_frameset = false;
  /// True if gumbo reports a parse error.
  bool has_error = false;
};

/// Parses the page as UTF-8 without scripting, and reads its rows. The words are the row's text nodes, joined
/// and split at Unicode white space. Text of svg and of elements without markup is not text.
oracle_rows rows_of_gumbo(std::string_view page);

/// Compares a scan with gumbo's rows. Returns a description of the difference, or an empty text. They agree
/// if the rows are equal, or if gumbo's result justifies the reported problem and has the rows before it.
std::string disagreement(std::string_view page, const scanned_rows& ours, const oracle_rows& theirs);

/// Returns true if gumbo deviates from the standard on the page, so that it cannot be compared.
bool is_read_otherwise(std::string_view page);

/// Concatenates text.
template <typename... Parts>
std::string joined(const Parts&... parts) {
  std::string whole;
  (whole.append(std::string_view{parts}), ...);
  return whole;
}

/// Formats the page with C++ escapes, for messages.
std::string escaped(std::string_view page);

}  // namespace farebench::test
