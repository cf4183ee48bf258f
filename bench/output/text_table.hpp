#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace farebench {

/// Line of a text table.
struct text_row {
  std::vector<std::string> cells;
  /// Replaces the cells after the text cells if not empty.
  std::string instead = {};
};

/// Returns the rows as aligned lines, the first underlined. The first `text_cells` cells of a row are aligned
/// to the left, the others to the right. Every row has the same number of cells. UTF-8. Text is escaped by
/// printable().
std::string text_table(std::span<const text_row> rows, std::size_t text_cells);

/// Returns the rows as a table of GitHub Flavored Markdown whose lines are aligned; the first row is its
/// header. Alignment and escaping are as above, and markdown_text() escapes each cell. `instead` is the first
/// of the cells that it replaces, and the others are empty.
std::string markdown_table(std::span<const text_row> rows, std::size_t text_cells);

/// Returns the number of terminal columns of a text without wide characters: its code points.
std::size_t text_width(std::string_view text);

/// Returns the text in lines of at most `width` columns, broken at spaces. Lines after the first are
/// indented.
std::string wrap_text(std::string_view text, std::size_t width, std::size_t indent = 2);

/// Returns a field of CSV (RFC 4180), quoted if its text requires it.
std::string csv_field(std::string_view text);

/// Units of figures, in bytes.
inline constexpr double kib = 1 << 10;
inline constexpr double mib = 1 << 20;

/// Returns value / unit with a number of decimals, or "–" if absent.
std::string format_figure(std::optional<double> value, double unit, int decimals);

/// Returns "9999.9 ms", or "10.00 s" from ten seconds on.
std::string format_time(double time_ms);

}  // namespace farebench
