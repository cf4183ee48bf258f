#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace farebench::test {

/// The words of one row.
using row_words = std::vector<std::string>;

/// The rows that libxml2's parser finds in a page: the reference for ours.
struct oracle_rows {
  std::vector<row_words> rows;  ///< in document order, each with all of its text, nested rows included
  std::optional<std::size_t> first_nested;  ///< the first row that lies within another
};

/// Parses the page as UTF-8, recovering from errors, and reads its rows. The words are the row's text
/// nodes, joined and split at Unicode white space; the content of scripts and styles is no text.
oracle_rows rows_of_libxml2(std::string_view page);

}  // namespace farebench::test
