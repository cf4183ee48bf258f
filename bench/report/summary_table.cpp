#include "bench/report/summary_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "bench/report/floor_ratios.hpp"
#include "bench/report/medians.hpp"
#include "bench/report/one_line.hpp"
#include "bench/report/text_table.hpp"

namespace farebench {

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

}  // namespace farebench
