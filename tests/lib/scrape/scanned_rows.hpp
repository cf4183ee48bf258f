#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libxml2_oracle.hpp"
#include "scrape/row_scanner.hpp"

namespace farebench::test {

/// What our scanner finds in a page.
struct scanned_rows {
  std::vector<row_words> rows;  ///< whole ones
  page_problem problem = page_problem::none;

  bool operator==(const scanned_rows&) const = default;
};

/// Keeps what it hears.
class row_recorder final : public row_listener {
 public:
  void row_begin() override { row_.clear(); }
  void word(std::string_view word) override { row_.emplace_back(word); }
  void row_end() override { rows_.push_back(row_); }

  std::vector<row_words> take() { return std::exchange(rows_, {}); }

 private:
  row_words row_;
  std::vector<row_words> rows_;
};

/// The page fed whole.
scanned_rows scan(std::string_view page);
/// The page fed in two pieces: its first `first_bytes` bytes and the rest.
scanned_rows scan_split(std::string_view page, std::size_t first_bytes);
/// The page fed in pieces of `piece_bytes`; the last may be shorter.
scanned_rows scan_in_pieces(std::string_view page, std::size_t piece_bytes);

/// Why the scanner's answer is not libxml2's, or nothing if it is: the same rows, or a problem of the kind
/// that the page really has, after the same rows up to there.
std::string disagreement(std::string_view page, const scanned_rows& ours, const oracle_rows& theirs);

/// Whether the page has what the scanner reads otherwise than libxml2 on purpose, and which is no problem to
/// it: a doctype whose quotes are not closed before its first `>`, or `<?` before a letter beyond ASCII.
/// (libxml2 then takes for part of it what follows, perhaps the whole page.)
bool is_read_otherwise(std::string_view page);

/// The page in C++ escapes, for messages.
std::string escaped(std::string_view page);

}  // namespace farebench::test
