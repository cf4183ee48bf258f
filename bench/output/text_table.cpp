#include "bench/output/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bench/output/markdown.hpp"
#include "lib/system/command_line.hpp"

namespace farebench {
namespace {

constexpr std::string_view gap = "  ";

std::string padding(std::string_view text, std::size_t width) {
  return std::string(width - text_width(text), ' ');
}

std::vector<std::size_t> column_widths(std::span<const text_row> rows, std::size_t text_cells) {
  std::vector<std::size_t> widths(rows.front().cells.size());
  for (const auto& row : rows) {
    const std::size_t cells = row.instead.empty() ? widths.size() : text_cells;
    for (std::size_t cell = 0; cell < cells; ++cell)
      widths[cell] = std::max(widths[cell], text_width(row.cells[cell]));
  }
  return widths;
}

}  // namespace

std::size_t text_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string text_table(std::span<const text_row> unescaped, std::size_t text_cells) {
  if (unescaped.empty()) return {};
  std::vector<text_row> rows{unescaped.begin(), unescaped.end()};
  for (auto& row : rows) {
    for (auto& cell : row.cells) cell = printable(cell);
    row.instead = printable(row.instead);
  }
  const auto widths = column_widths(rows, text_cells);
  std::string table;
  for (const auto& row : rows) {
    for (std::size_t cell = 0; cell < text_cells; ++cell)
      table += fmt::format("{}{}{}", row.cells[cell], padding(row.cells[cell], widths[cell]), gap);
    if (row.instead.empty()) {
      for (std::size_t cell = text_cells; cell < widths.size(); ++cell)
        table += fmt::format("{}{}{}", cell == text_cells ? "" : gap, padding(row.cells[cell], widths[cell]),
                             row.cells[cell]);
    }
    table += row.instead + '\n';
    if (&row == rows.data()) {
      std::size_t total = gap.size() * (widths.size() - 1);
      for (const auto width : widths) total += width;
      for (std::size_t dash = 0; dash < total; ++dash) table += "─";
      table += '\n';
    }
  }
  return table;
}

std::string markdown_table(std::span<const text_row> unescaped, std::size_t text_cells) {
  if (unescaped.empty()) return {};
  std::vector<std::vector<std::string>> rows;
  rows.reserve(unescaped.size());
  // A delimiter has at least three characters.
  std::vector<std::size_t> widths(unescaped.front().cells.size(), 3);
  for (const auto& row : unescaped) {
    auto& cells = rows.emplace_back(row.cells);
    if (!row.instead.empty()) {
      std::fill(cells.begin() + static_cast<std::ptrdiff_t>(text_cells), cells.end(), std::string{});
      cells.at(text_cells) = row.instead;
    }
    for (std::size_t cell = 0; cell < cells.size(); ++cell) {
      cells[cell] = markdown_text(cells[cell]);
      widths[cell] = std::max(widths[cell], text_width(cells[cell]));
    }
  }
  std::string table;
  for (const auto& cells : rows) {
    table += '|';
    for (std::size_t cell = 0; cell < cells.size(); ++cell) {
      const auto blanks = padding(cells[cell], widths[cell]);
      table += cell < text_cells ? fmt::format(" {}{} |", cells[cell], blanks)
                                 : fmt::format(" {}{} |", blanks, cells[cell]);
    }
    table += '\n';
    if (&cells != rows.data()) continue;
    table += '|';
    for (std::size_t cell = 0; cell < widths.size(); ++cell) {
      const std::string dashes(widths[cell] - 1, '-');
      table += cell < text_cells ? fmt::format(" :{} |", dashes) : fmt::format(" {}: |", dashes);
    }
    table += '\n';
  }
  return table;
}

std::string wrap_text(std::string_view text, std::size_t width, std::size_t indent) {
  std::string wrapped;
  std::size_t column = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto length = text_width(word);
    if (column != 0 && column + 1 + length > width) {
      wrapped += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (column != 0) {
      wrapped += ' ';
      ++column;
    }
    wrapped += word;
    column += length;
  }
  return wrapped;
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string{text};
  std::string field = "\"";
  for (const char c : text) field += c == '"' ? std::string(2, c) : std::string(1, c);
  return field + '"';
}

std::string format_figure(std::optional<double> value, double unit, int decimals) {
  return value ? fmt::format("{:.{}f}", *value / unit, decimals) : "–";
}

std::string format_time(double time_ms) {
  return time_ms >= 10'000 ? fmt::format("{:.2f} s", time_ms / 1000) : fmt::format("{:.1f} ms", time_ms);
}

}  // namespace farebench
