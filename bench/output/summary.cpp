#include "bench/output/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "bench/output/row_reporter.hpp"
#include "bench/output/rows.hpp"

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

std::optional<straight_line> fit_straight_line(std::span<const measured_point> points) {
  const auto count = static_cast<double>(points.size());
  double mean_x = 0;
  double mean_y = 0;
  for (const auto& [x, y] : points) {
    mean_x += x / count;
    mean_y += y / count;
  }
  double xx = 0;
  double xy = 0;
  double yy = 0;
  for (const auto& [x, y] : points) {
    xx += (x - mean_x) * (x - mean_x);
    xy += (x - mean_x) * (y - mean_y);
    yy += (y - mean_y) * (y - mean_y);
  }
  if (!(xx > 0)) return std::nullopt;
  straight_line line{.slope = xy / xx, .intercept = mean_y - xy / xx * mean_x, .r_squared = std::nullopt};
  if (points.size() > 2 && yy > 0) line.r_squared = xy * xy / (xx * yy);
  return line;
}

namespace {

constexpr std::size_t text_cells = 2;  // strategy and workers

std::string workers_of(const summary_case& what) {
  return what.note.empty() ? std::to_string(what.workers) : fmt::format("{} ({})", what.workers, what.note);
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
  const auto head =
      fmt::format("warning: {}, {} workers{}", what.strategy, what.workers, what.is_hold ? ", hold" : "");
  const auto text = one_line(first->verdict.warning);
  if (rows.size() == 1) return fmt::format("{}: {}\n", head, text);
  return fmt::format("{} ({} of {}): {}\n", head, std::ranges::count_if(rows, warns), rows.size(), text);
}

text_row row_of(const summary_case& what, bool in_seconds) {
  const auto time_ms = median_time_ms(what);
  return {.cells = {what.strategy, workers_of(what),
                    in_seconds ? figure(time_ms, 1000, 2) : figure(time_ms, 1, 1),
                    figure(median_column(what, "ideal_ratio"), 1, 2),
                    figure(median_column(what, "rss_peak_bytes"), 1 << 20, 1),
                    figure(median_column(what, "bytes_per_worker"), 1 << 10, 1),
                    figure(median_column(what, "cpu_us_per_request"), 1, 1)},
          .instead = failure_of(what)};
}

}  // namespace

std::string summary_table(std::span<const summary_case> cases) {
  if (cases.empty()) return {};
  const bool in_seconds = std::ranges::any_of(
      cases, [](const summary_case& what) { return median_time_ms(what).value_or(0) >= 10'000; });
  const bool with_floor = has_floor(cases);

  std::vector<text_row> rows{{.cells = {"strategy", "workers", in_seconds ? "time s" : "time ms", "×ideal",
                                        "peak MiB", "KiB/worker", "CPU µs/request"}}};
  if (with_floor) rows.front().cells.insert(rows.front().cells.end(), {"×floor", "CPU×floor"});
  std::string warnings;
  for (const auto& what : cases) {
    auto& row = rows.emplace_back(row_of(what, in_seconds));
    if (with_floor) {
      const auto [wall, cpu] = over_floor(what, cases);
      row.cells.insert(row.cells.end(), {figure(wall, 1, 2), figure(cpu, 1, 2)});
    }
    warnings += warning_of(what);
  }
  return text_table(rows, text_cells) + warnings;
}

namespace {

constexpr int many = 10'000;
constexpr int few = 1'000;

/// What one strategy showed at its `hold` points.
struct held {
  std::string strategy;
  std::vector<measured_point> growth = {};  // bytes over workers
  std::optional<double> cpu_many = {};
  std::optional<double> cpu_few = {};
};

held& entry_of(std::vector<held>& all, const std::string& strategy) {
  const auto found = std::ranges::find(all, strategy, &held::strategy);
  if (found != all.end()) return *found;
  return all.emplace_back(held{.strategy = strategy});
}

std::vector<held> held_by_strategy(std::span<const summary_case> cases) {
  std::vector<held> all;
  for (const auto& one : cases) {
    if (!one.is_hold) continue;
    held& entry = entry_of(all, one.strategy);
    if (has_failed(one)) continue;
    if (const auto growth = median_column(one, "rss_growth_bytes"))
      entry.growth.push_back({static_cast<double>(one.workers), *growth});
    const auto cpu = median_column(one, "cpu_us_per_request");
    if (one.workers == many) entry.cpu_many = cpu;
    if (one.workers == few) entry.cpu_few = cpu;
  }
  return all;
}

text_row row_of(const held& entry) {
  const auto line = fit_straight_line(entry.growth);
  std::optional<double> cpu_ratio;
  if (entry.cpu_many && entry.cpu_few && *entry.cpu_few > 0) cpu_ratio = *entry.cpu_many / *entry.cpu_few;
  return {.cells = {entry.strategy, figure(line ? std::optional{line->slope} : std::nullopt, 1 << 10, 2),
                    figure(line ? line->r_squared : std::nullopt, 1, 5), figure(cpu_ratio, 1, 2)}};
}

}  // namespace

std::string scale_table(std::span<const summary_case> cases) {
  const auto strategies = held_by_strategy(cases);
  if (strategies.empty()) return {};
  std::vector<text_row> rows{
      {.cells = {"strategy (hold)", "KiB/worker, fitted", "R²", "CPU 10,000 / 1,000"}}};
  for (const auto& entry : strategies) rows.push_back(row_of(entry));
  return text_table(rows, 1);
}

}  // namespace farebench
