#include "bench/output/summary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "bench/columns.hpp"
#include "bench/output/markdown.hpp"
#include "bench/output/text_table.hpp"
#include "lib/system/command_line.hpp"

namespace farebench {
namespace {

/// Left cells of the table: strategy and workers.
constexpr std::size_t text_cells = 2;

/// "100", or "100 get", "100 hold" and "100 cpp-httplib" for a task, a kind or an engine of its own.
std::string workers_text(const benchmark_case& parameters) {
  std::string text = std::to_string(parameters.workers);
  if (parameters.task != task_kind::scrape) text += fmt::format(" {}", to_string(parameters.task));
  if (parameters.kind != point_kind::plain) text += fmt::format(" {}", to_string(parameters.kind));
  if (parameters.engine != default_engine) text += fmt::format(" {}", to_string(parameters.engine));
  return text;
}

/// A figure column of the table. The one with the lowest rank is dropped first if the table is too wide.
struct figure_column {
  std::string header;
  int rank;
  std::function<std::string(const case_result&)> figure;
};

std::vector<figure_column> figure_columns(std::span<const case_result> cases) {
  const bool in_seconds = std::ranges::any_of(
      cases, [](const case_result& result) { return median_of(result, "real_time").value_or(0) >= 10'000; });
  const auto column = [](std::string header, int rank, std::string name, double unit, int decimals) {
    return figure_column{std::move(header), rank, [=](const case_result& result) {
                           return format_figure(median_of(result, name), unit, decimals);
                         }};
  };
  std::vector<figure_column> columns{
      in_seconds ? column("time s", 7, "real_time", 1000, 2) : column("time ms", 7, "real_time", 1, 1),
      column("×ideal", 4, "ideal_ratio", 1, 2),
      column("peak MiB", 6, "rss_peak_bytes", mib, 1),
      column("KiB/worker", 2, "bytes_per_worker", kib, 1),
      column("CPU µs/request", 5, "cpu_us_per_request", 1, 1),
  };
  if (std::ranges::any_of(cases, is_floor)) {
    const auto ratio = [&](std::string header, int rank, std::string name) {
      columns.push_back({std::move(header), rank, [=](const case_result& result) {
                           return format_figure(ratio_to_floor(result, cases, name), 1, 2);
                         }});
    };
    ratio("×floor", 3, "real_time");
    ratio("CPU×floor", 1, "cpu_us_per_request");
  }
  return columns;
}

std::optional<double> sort_figure(const case_result& result, table_order order) {
  switch (order) {
    case table_order::time:
      return median_of(result, "real_time");
    case table_order::cpu:
      return median_of(result, "cpu_us_per_request");
    case table_order::memory:
      return median_of(result, "rss_peak_bytes");
    case table_order::worker_memory:
      return median_of(result, "bytes_per_worker");
    case table_order::name:
      break;
  }
  return std::nullopt;
}

/// Returns the cases in the order of the table. Points have the order of their first cases.
std::vector<const case_result*> ordered_cases(std::span<const case_result> cases,
                                              std::optional<table_order> order) {
  struct sorted_case {
    const case_result* result;
    // In the order of comparison.
    std::size_t point;
    bool has_failed;
    double figure;
    std::string name;
  };
  std::map<std::string, std::size_t> points;
  std::vector<sorted_case> sorted;
  sorted.reserve(cases.size());
  for (const auto& result : cases) {
    const auto& parameters = result.parameters;
    auto& one = sorted.emplace_back(sorted_case{&result, 0, false, 0, {}});
    if (!order) continue;
    one.point =
        points.try_emplace(std::string{to_string(parameters.kind)} + parameters.point(), points.size())
            .first->second;
    one.has_failed = has_failed(result);
    if (one.has_failed) continue;
    if (*order == table_order::name) {
      one.name = parameters.label();
    } else {
      one.figure = sort_figure(result, *order).value_or(std::numeric_limits<double>::infinity());
    }
  }
  std::ranges::stable_sort(sorted, {}, [](const sorted_case& one) {
    return std::tie(one.point, one.has_failed, one.figure, one.name);
  });
  std::vector<const case_result*> ordered;
  ordered.reserve(sorted.size());
  for (const auto& one : sorted) ordered.push_back(one.result);
  return ordered;
}

std::string format_table(std::span<const text_row> rows, std::size_t left_cells, table_format format) {
  return format == table_format::markdown ? markdown_table(rows, left_cells) : text_table(rows, left_cells);
}

/// Returns a note as wrapped lines, or as a paragraph of Markdown.
std::string format_note(std::string_view text, std::size_t width, table_format format) {
  return format == table_format::markdown ? fmt::format("\n{}\n", markdown_text(text))
                                          : wrap_text(text, width) + '\n';
}

std::string summary_table(std::span<const case_result> cases, std::size_t width, const table_options& table) {
  auto columns = figure_columns(cases);
  const auto ordered = ordered_cases(cases, table.order);
  while (true) {
    std::vector<text_row> rows{{.cells = {"strategy", "workers"}}};
    for (const auto& column : columns) rows.front().cells.push_back(column.header);
    for (const auto* const result : ordered) {
      auto& row = rows.emplace_back(
          text_row{.cells = {result->parameters.label(), workers_text(result->parameters)}});
      if (has_failed(*result)) row.instead = "FAILED";
      for (const auto& column : columns) row.cells.push_back(column.figure(*result));
    }
    auto text = format_table(rows, text_cells, table.format);
    if (table.format == table_format::markdown || columns.size() == 1 ||
        text_width(std::string_view{text}.substr(0, text.find('\n'))) <= width)
      return text;
    columns.erase(std::ranges::min_element(columns, {}, &figure_column::rank));
  }
}

/// Maximum number of failures or warnings in the summary. The rows have all of them.
constexpr std::size_t max_notes = 6;

/// One line per case with such a text, with the number of its repetitions that have one: "warning:
/// coroutines, 100 workers (2 of 5): …". The text is that of the first.
std::string note_lines(std::span<const case_result> cases, std::string_view kind,
                       std::string row_verdict::* text, std::size_t width, table_format format) {
  std::string lines;
  std::size_t count_of_cases = 0;
  for (const auto& result : cases) {
    const auto has_text = [&](const finished_row& row) { return !(row.verdict.*text).empty(); };
    const auto& rows = result.repetitions;
    const auto first = std::ranges::find_if(rows, has_text);
    if (first == rows.end() || ++count_of_cases > max_notes) continue;
    const auto count = rows.size() == 1
                           ? std::string{}
                           : fmt::format(" ({} of {})", std::ranges::count_if(rows, has_text), rows.size());
    lines += format_note(
        fmt::format("{}: {}{}: {}", kind, result.parameters.title(), count, printable(first->verdict.*text)),
        width, format);
  }
  if (count_of_cases > max_notes)
    lines += format_note(
        fmt::format("{}: {} more cases, see the labels of their rows", kind, count_of_cases - max_notes),
        std::string::npos, format);
  return lines;
}

/// The article's worker counts: its pool of Python's default size, and the size that corrects it.
std::string workload_note(std::span<const case_result> cases, std::string_view workload, std::size_t width,
                          table_format format) {
  if (workload != "article") return {};
  const auto has_workers = [&](std::size_t workers) {
    return std::ranges::any_of(
        cases, [&](const case_result& result) { return result.parameters.workers == workers; });
  };
  if (!has_workers(20) || !has_workers(100)) return {};
  return format_note(
      "20 workers are the article's default pool (5 per core), 100 workers its correction: a worker per day.",
      width, format);
}

std::string sentence(const recommendation& best, bool is_one_of_several) {
  const auto figures = [](const case_result& result) {
    return fmt::format("{}, {} MiB", format_time(*median_of(result, "real_time")),
                       format_figure(median_of(result, "rss_peak_bytes"), mib, 1));
  };
  const auto& fastest = *best.fastest;
  const auto& leanest = *best.leanest;
  std::string text;
  if (is_one_of_several)
    text = fmt::format("{}: ", fastest.parameters.kind == point_kind::plain
                                   ? fastest.parameters.point()
                                   : fmt::format("{} of {} workers", to_string(fastest.parameters.kind),
                                                 fastest.parameters.workers));
  const auto name = [](const case_result& result) {
    return fmt::format("{} with {} worker{}", result.parameters.label(), result.parameters.workers,
                       result.parameters.workers == 1 ? "" : "s");
  };
  if (&fastest == &leanest) {
    text += fmt::format("Fastest and leanest: {} ({}).", name(fastest), figures(fastest));
  } else {
    text += fmt::format("Fastest: {} ({}). Leanest within {:.0f} % of that time: {} ({}).", name(fastest),
                        figures(fastest), 100 * equal_time_share, name(leanest), figures(leanest));
  }
  if (best.min_workers != &leanest)
    text += fmt::format(" Fewest workers within {:.0f} %: {} ({}).", 100 * equal_time_share,
                        best.min_workers->parameters.workers, figures(*best.min_workers));
  return text;
}

/// Figures of one strategy at its `hold` points.
struct hold_series {
  std::string label;
  std::vector<measured_point> growth = {};  // bytes over workers
  std::optional<double> cpu_at_10000 = {};
  std::optional<double> cpu_at_1000 = {};
};

std::vector<hold_series> hold_series_of(std::span<const case_result> cases) {
  std::vector<hold_series> all;
  for (const auto& result : cases) {
    const auto& parameters = result.parameters;
    if (parameters.kind != point_kind::hold) continue;
    auto series = std::ranges::find(all, parameters.label(), &hold_series::label);
    if (series == all.end()) series = all.insert(all.end(), {.label = parameters.label()});
    if (has_failed(result)) continue;
    if (const auto growth = median_of(result, "rss_growth_bytes"))
      series->growth.push_back({static_cast<double>(parameters.workers), *growth});
    const auto cpu = median_of(result, "cpu_us_per_request");
    if (parameters.workers == 10'000) series->cpu_at_10000 = cpu;
    if (parameters.workers == 1'000) series->cpu_at_1000 = cpu;
  }
  return all;
}

/// Median, minimum and maximum of a column; empty fields if no repetition has a finite value. Instead of the
/// median of percentiles, the percentile of all repetitions together if it is known.
std::array<std::string, 3> csv_figures(const case_result& result, const std::string& column) {
  const auto values = values_of(result, column);
  if (values.empty() || has_failed(result)) return {};
  const auto [min, max] = std::ranges::minmax(values);
  const auto middle = merged_percentile(result.repetitions, column).value_or(*median(values));
  return {fmt::format("{}", middle), fmt::format("{}", min), fmt::format("{}", max)};
}

}  // namespace

std::string_view to_string(table_format format) {
  return format == table_format::markdown ? "markdown" : "text";
}

std::string_view to_string(table_order order) {
  using enum table_order;
  switch (order) {
    case time:
      return "time";
    case cpu:
      return "cpu";
    case memory:
      return "memory";
    case worker_memory:
      return "worker_memory";
    case name:
      return "name";
  }
  return {};
}

std::string summary_text(std::span<const case_result> cases, std::string_view workload, std::size_t width,
                         const table_options& table) {
  if (cases.empty()) return {};
  const auto format = table.format;
  auto text = summary_table(cases, width, table);
  text += workload_note(cases, workload, width, format);
  text += note_lines(cases, "failed", &row_verdict::failure, width, format);
  text += note_lines(cases, "warning", &row_verdict::warning, width, format);
  if (const auto scale = scale_table(cases, format); !scale.empty()) text += '\n' + scale;
  const auto recommendations = recommendation_text(cases, width, format);
  // A paragraph of Markdown begins with an empty line.
  if (!recommendations.empty() && format == table_format::text) text += '\n';
  return text + recommendations;
}

std::string scale_table(std::span<const case_result> cases, table_format format) {
  const auto all = hold_series_of(cases);
  if (all.empty()) return {};
  std::vector<text_row> rows{
      {.cells = {"strategy (hold)", "KiB/worker, fitted", "R²", "CPU 10,000 / 1,000"}}};
  for (const auto& series : all) {
    const auto line = fit_straight_line(series.growth);
    std::optional<double> cpu_ratio;
    if (series.cpu_at_10000 && series.cpu_at_1000 && *series.cpu_at_1000 > 0)
      cpu_ratio = *series.cpu_at_10000 / *series.cpu_at_1000;
    rows.push_back(
        {.cells = {series.label, format_figure(line ? std::optional{line->slope} : std::nullopt, kib, 2),
                   format_figure(line ? line->r_squared : std::nullopt, 1, 5),
                   format_figure(cpu_ratio, 1, 2)}});
  }
  return format_table(rows, 1, format);
}

std::string recommendation_text(std::span<const case_result> cases, std::size_t width, table_format format) {
  const auto recommendations = recommend(cases);
  std::string text;
  for (const auto& best : recommendations) {
    // A single candidate needs no recommendation.
    if (std::ranges::count_if(best.compared, [](const auto* result) { return !is_floor(*result); }) > 1)
      text += format_note(sentence(best, recommendations.size() > 1), width, format);
  }
  return text;
}

std::string summary_csv(std::span<const case_result> cases) {
  std::vector<std::string> names;
  for (const column& one : columns()) names.emplace_back(one.name);
  std::vector<std::string> fields{"strategy",    "loops",   "workers",     "days",   "page_kb",
                                  "latency",     "seed",    "engine",      "kind",   "task",
                                  "connections", "warm_up", "repetitions", "failed", "reason"};
  for (const auto& name : names) fields.insert(fields.end(), {name, name + "_min", name + "_max"});
  auto text = fmt::format("{}\r\n", fmt::join(fields, ","));
  for (const auto& result : cases) {
    const auto& parameters = result.parameters;
    const auto is_failed = [](const finished_row& row) { return row.verdict.failed(); };
    const auto first = std::ranges::find_if(result.repetitions, is_failed);
    fields = {
        csv_field(parameters.strategy),
        std::to_string(parameters.loops),
        std::to_string(parameters.workers),
        std::to_string(parameters.items),
        std::to_string(parameters.page_kb),
        csv_field(format_latency(parameters.latency)),
        parameters.latency.is_fixed() ? std::string{} : std::to_string(parameters.seed),
        std::string{to_string(parameters.engine)},
        std::string{to_string(parameters.kind)},
        std::string{to_string(parameters.task)},
        std::string{to_string(parameters.connections)},
        std::to_string(parameters.warm_up),
        std::to_string(result.repetitions.size()),
        std::to_string(std::ranges::count_if(result.repetitions, is_failed)),
        first == result.repetitions.end() ? std::string{} : csv_field(printable(first->verdict.failure))};
    for (const auto& name : names) std::ranges::move(csv_figures(result, name), std::back_inserter(fields));
    text += fmt::format("{}\r\n", fmt::join(fields, ","));
  }
  return text;
}

}  // namespace farebench
