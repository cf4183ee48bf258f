#include "bench/report/summary_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <string_view>

#include "bench/report/one_line.hpp"

namespace farebench {

namespace {

constexpr std::string_view absent = "–";
constexpr std::string_view gap = "  ";
constexpr std::size_t text_cells = 2;  // strategy and workers, to the left; the figures stand to the right

using line = std::array<std::string, 7>;

/// Of text of single-width characters: its code points.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::optional<double> median_column(const summary_case& what, const std::string& name) {
  std::vector<double> values;
  for (const auto& row : what.repetitions)
    if (const auto found = row.columns.find(name); found != row.columns.end() && std::isfinite(found->second))
      values.push_back(found->second);
  return median(std::move(values));
}

std::optional<double> median_time_ms(const summary_case& what) {
  std::vector<double> values;
  for (const auto& row : what.repetitions)
    if (row.real_time_ms && std::isfinite(*row.real_time_ms)) values.push_back(*row.real_time_ms);
  return median(std::move(values));
}

std::string figure(std::optional<double> value, double unit, int decimals) {
  return value ? fmt::format("{:.{}f}", *value / unit, decimals) : std::string(absent);
}

/// "FAILED: why", "FAILED (2 of 5): why the first did"; empty when none failed.
std::string failure_of(const summary_case& what) {
  const auto failed = [](const finished_row& row) { return row.verdict.failed(); };
  const auto& rows = what.repetitions;
  const auto first = std::ranges::find_if(rows, failed);
  if (first == rows.end()) return {};
  const auto reason = one_line(first->verdict.failure);
  if (rows.size() == 1) return "FAILED: " + reason;
  return fmt::format("FAILED ({} of {}): {}", std::ranges::count_if(rows, failed), rows.size(), reason);
}

std::string warning_of(const summary_case& what) {
  const auto warns = [](const finished_row& row) { return !row.verdict.warning.empty(); };
  const auto& rows = what.repetitions;
  const auto first = std::ranges::find_if(rows, warns);
  if (first == rows.end()) return {};
  const auto head = fmt::format("warning: {}, {} workers", what.strategy, what.workers);
  const auto text = one_line(first->verdict.warning);
  if (rows.size() == 1) return fmt::format("{}: {}\n", head, text);
  return fmt::format("{} ({} of {}): {}\n", head, std::ranges::count_if(rows, warns), rows.size(), text);
}

line line_of(const summary_case& what, bool in_seconds) {
  const auto time_ms = median_time_ms(what);
  return {what.strategy,
          what.note.empty() ? std::to_string(what.workers) : fmt::format("{} ({})", what.workers, what.note),
          in_seconds ? figure(time_ms, 1000, 2) : figure(time_ms, 1, 1),
          figure(median_column(what, "ideal_ratio"), 1, 2),
          figure(median_column(what, "rss_peak_bytes"), 1 << 20, 1),
          figure(median_column(what, "bytes_per_worker"), 1 << 10, 1),
          figure(median_column(what, "cpu_us_per_request"), 1, 1)};
}

std::string padding(std::string_view text, std::size_t to) { return std::string(to - width(text), ' '); }

}  // namespace

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

std::string summary_table(std::span<const summary_case> cases) {
  if (cases.empty()) return {};
  const bool in_seconds = std::ranges::any_of(
      cases, [](const summary_case& what) { return median_time_ms(what).value_or(0) >= 10'000; });

  std::vector<line> lines{{"strategy", "workers", in_seconds ? "time s" : "time ms", "×ideal", "peak MiB",
                           "KiB/worker", "CPU µs/request"}};
  std::vector<std::string> failures{{}};
  std::string warnings;
  for (const auto& what : cases) {
    lines.push_back(line_of(what, in_seconds));
    failures.push_back(failure_of(what));
    warnings += warning_of(what);
  }

  std::array<std::size_t, std::tuple_size_v<line>> widths{};
  for (std::size_t i = 0; i < lines.size(); ++i)
    for (std::size_t cell = 0; cell < (failures[i].empty() ? widths.size() : text_cells); ++cell)
      widths[cell] = std::max(widths[cell], width(lines[i][cell]));

  std::string table;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (std::size_t cell = 0; cell < text_cells; ++cell)
      table += fmt::format("{}{}{}", lines[i][cell], padding(lines[i][cell], widths[cell]), gap);
    if (failures[i].empty())
      for (std::size_t cell = text_cells; cell < widths.size(); ++cell)
        table += fmt::format("{}{}{}", cell == text_cells ? "" : gap, padding(lines[i][cell], widths[cell]),
                             lines[i][cell]);
    table += failures[i] + '\n';
    if (i == 0) {
      std::size_t total = gap.size() * (widths.size() - 1);
      for (const auto cell_width : widths) total += cell_width;
      for (std::size_t dash = 0; dash < total; ++dash) table += "─";
      table += '\n';
    }
  }
  return table + warnings;
}

}  // namespace farebench
