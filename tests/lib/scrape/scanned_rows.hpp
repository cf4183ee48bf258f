#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libxml2_oracle.hpp"
#include "scrape/row_scanner.hpp"

namespace farebench::test {

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

/// Compares a scan with libxml2's rows. Returns a description of the difference, or an empty text. They agree
/// if the rows are equal, or if the page has the reported problem and the rows before it are equal.
std::string disagreement(std::string_view page, const scanned_rows& ours, const oracle_rows& theirs);

/// Returns true if the scanner intends to read the page differently from libxml2, without a problem. Such a
/// page has a doctype with an open quote before its first `>`, or `<?` before a non-ASCII letter. libxml2
/// then includes the following text in the declaration, up to the whole page.
bool is_read_otherwise(std::string_view page);

/// Formats the page with C++ escapes, for messages.
std::string escaped(std::string_view page);

}  // namespace farebench::test
