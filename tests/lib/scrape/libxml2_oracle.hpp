#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace farebench::test {

/// The words of one row.
using row_words = std::vector<std::string>;

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

}  // namespace farebench::test
