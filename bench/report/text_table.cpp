#include "bench/report/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace farebench {
namespace {

constexpr std::string_view absent = "–";
constexpr std::string_view gap = "  ";

std::string padding(std::string_view text, std::size_t to) { return std::string(to - text_width(text), ' '); }

std::vector<std::size_t> widths_of(std::span<const text_row> rows, std::size_t text_cells) {
  std::vector<std::size_t> widths(rows.front().cells.size());
  for (const auto& row : rows)
    for (std::size_t cell = 0; cell < (row.instead.empty() ? widths.size() : text_cells); ++cell)
      widths[cell] = std::max(widths[cell], text_width(row.cells[cell]));
  return widths;
}

}  // namespace

std::size_t text_width(std::string_view text) {
  // Its code points.
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string text_table(std::span<const text_row> rows, std::size_t text_cells) {
  if (rows.empty()) return {};
  const auto widths = widths_of(rows, text_cells);
  std::string table;
  for (const auto& row : rows) {
    for (std::size_t cell = 0; cell < text_cells; ++cell)
      table += fmt::format("{}{}{}", row.cells[cell], padding(row.cells[cell], widths[cell]), gap);
    if (row.instead.empty())
      for (std::size_t cell = text_cells; cell < widths.size(); ++cell)
        table += fmt::format("{}{}{}", cell == text_cells ? "" : gap, padding(row.cells[cell], widths[cell]),
                             row.cells[cell]);
    table += row.instead + '\n';
    if (&row == rows.data()) {
      std::size_t total = gap.size() * (widths.size() - 1);
      for (const auto cell_width : widths) total += cell_width;
      for (std::size_t dash = 0; dash < total; ++dash) table += "─";
      table += '\n';
    }
  }
  return table;
}

std::string figure(std::optional<double> value, double unit, int decimals) {
  return value ? fmt::format("{:.{}f}", *value / unit, decimals) : std::string(absent);
}

}  // namespace farebench
