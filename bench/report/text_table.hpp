#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace farebench {

/// A line of a table for people.
struct text_row {
  std::vector<std::string> cells;
  std::string instead = {};  ///< when not empty, stands in place of the figures
};

/// The rows, the first of them underlined. The first `text_cells` cells of each stand to the left, the
/// figures behind them to the right. Every row has the same number of cells. UTF-8, aligned by the width that
/// it has on a terminal; each line ends with a newline. Pure.
std::string text_table(std::span<const text_row> rows, std::size_t text_cells);

/// How many columns of a terminal it takes, of text of single-width characters.
std::size_t text_width(std::string_view text);

/// value / unit with so many decimals; "–" when absent.
std::string figure(std::optional<double> value, double unit, int decimals);

}  // namespace farebench
