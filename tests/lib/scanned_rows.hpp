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

/// Rows that libxml2 finds in a page: the reference for the scanner.
struct oracle_rows {
  /// In document order. Each has its whole text, including that of nested rows.
  std::vector<row_words> rows;
  /// Index of the first row that lies within another.
  std::optional<std::size_t> first_nested;
};

/// Parses the page as UTF-8 with recovery from errors, and reads its rows. The words are the row's text
/// nodes, joined and split at Unicode white space. The content of scripts and styles is not text.
oracle_rows rows_of_libxml2(std::string_view page);

/// Compares a scan with libxml2's rows. Returns a description of the difference, or an empty text. They agree
/// if the rows are equal, or if the page has the reported problem and the rows before it are equal.
std::string disagreement(std::string_view page, const scanned_rows& ours, const oracle_rows& theirs);

/// Returns true if the scanner intends to read the page differently from libxml2, without a problem. Such a
/// page has
/// - a doctype with an open quote before its first `>`, or `<?` before a non-ASCII letter: libxml2 then
///   includes the following text in the declaration, up to the whole page;
/// - a tag with a form feed: it is white space by the HTML standard, but not for libxml2.
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
