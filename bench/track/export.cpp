#include "bench/track/export.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "bench/output/markdown.hpp"
#include "bench/output/statistics.hpp"
#include "bench/output/text_table.hpp"
#include "bench/track/error.hpp"
#include "bench/track/judge.hpp"
#include "bench/track/recordings.hpp"
#include "bench/track/report.hpp"
#include "bench/track/strict_json.hpp"
#include "lib/system/command_line.hpp"

namespace farebench::track {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

/// In the order of export_format.
constexpr std::array<std::string_view, 3> format_names{"github-action-benchmark", "csv", "markdown"};

constexpr double figure_confidence = 0.95;

/// A column as the file's schema describes it.
struct exported_column {
  std::string name;
  std::string unit;
  std::string better;
  std::string meaning;
};

std::vector<exported_column> columns_of(const result_file& file) {
  std::vector<exported_column> all;
  all.reserve(file.columns.size());
  for (const auto& listed : file.columns)
    all.push_back({.name = listed.at("name"),
                   .unit = listed.at("unit"),
                   .better = listed.at("better"),
                   .meaning = listed.at("meaning")});
  return all;
}

/// Returns whether a column is exported without --columns, except to CSV: it is a metric, or the peak memory.
bool is_main_column(const exported_column& column) {
  return column.name == "rss_peak_bytes" || find_metric(column.name) != nullptr;
}

std::vector<exported_column> chosen_columns(const result_file& file, export_format format,
                                            const std::vector<std::string>& names) {
  auto all = columns_of(file);
  if (names.empty()) {
    if (format != export_format::csv) std::erase_if(all, std::not_fn(is_main_column));
    return all;
  }
  std::vector<exported_column> chosen;
  for (const auto& name : names) {
    const auto found = std::ranges::find(all, name, &exported_column::name);
    if (found == all.end()) {
      std::vector<std::string> known(all.size());
      std::ranges::transform(all, known.begin(), &exported_column::name);
      throw track_error{
          fmt::format("--columns: {} has no column '{}'{}", file.source, name, did_you_mean(name, known))};
    }
    if (std::ranges::find(chosen, name, &exported_column::name) == chosen.end()) chosen.push_back(*found);
  }
  return chosen;
}

/// Returns a text of the context, or "".
std::string context_of(const result_file& file, const char* name) {
  const auto found = file.context.find(name);
  return found != file.context.end() && found->is_string() ? found->get<std::string>() : "";
}

bool is_failed(const finished_row& row) { return row.verdict.failed(); }

std::ptrdiff_t failed_repetitions(const case_result& result) {
  return std::ranges::count_if(result.repetitions, is_failed);
}

std::string client_version_of(const case_result& result) {
  for (const auto& row : result.repetitions)
    if (!row.client_version.empty()) return row.client_version;
  return {};
}

/// Returns the median of a column and its interval. Instead of the median of percentiles, the percentile of
/// all repetitions together if it is known, with the lowest and the highest of the repetitions.
std::optional<median_interval> figure_of(const case_result& result, const exported_column& column) {
  auto values = values_if_passed(result, column.name);
  if (values.empty()) return std::nullopt;
  if (const auto percentile = merged_percentile(result.repetitions, column.name)) {
    const auto [low, high] = std::ranges::minmax(values);
    return median_interval{.low = low, .median = *percentile, .high = high, .confidence = 0};
  }
  return interval_or_range(std::move(values), figure_confidence);
}

std::string plural_of(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

// The action: https://github.com/benchmark-action/github-action-benchmark, version 1.22.0, src/extract.ts.

/// "median of 12 repetitions; range: 96.1 % interval of the median".
std::string range_text(const median_interval& figure, const case_result& result, const std::string& column) {
  const bool is_merged = merged_percentile(result.repetitions, column).has_value();
  return fmt::format("{} of {}; range: {}", is_merged ? "percentile of all items" : "median",
                     plural_of(result.repetitions.size(), "repetition"),
                     figure.confidence > 0
                         ? fmt::format("{:.1f} % interval of the median", 100 * figure.confidence)
                         : "lowest to highest");
}

class entry_writer {
 public:
  void add(const result_file& file, const std::vector<exported_column>& columns) {
    if (const auto [other, is_new] = machine_of_.emplace(file.source, file.machines.front().first);
        !is_new && other->second != file.machines.front().first)
      throw track_error{fmt::format(
          "{} has rows of several machines, and github-action-benchmark would compare a row with that of "
          "another machine: export it as csv or markdown",
          file.source)};
    for (const auto& column : columns) {
      if (column.better != "lower")
        throw track_error{
            fmt::format("--columns {}: a column of which {} is better cannot be exported to "
                        "github-action-benchmark, whose tool "
                        "customSmallerIsBetter reads columns of which less is better",
                        column.name, column.better == "higher" ? "more" : "neither more nor less")};
    }
    for (const auto& result : file.cases) add(file.source, result, columns);
  }

  std::string text() const { return ascii_json(entries_, 1) + "\n"; }

 private:
  void add(const std::string& source, const case_result& result,
           const std::vector<exported_column>& columns) {
    const auto name = result.parameters.name();
    // The action finds the previous figure by the name.
    const auto [earlier, is_new] = source_of_.emplace(name, source);
    if (!is_new)
      throw track_error{
          fmt::format("{} and {} both have '{}': github-action-benchmark cannot tell them apart, so export "
                      "one file at a time",
                      earlier->second, source, name)};
    const auto count = result.repetitions.size();
    const auto version = client_version_of(result);
    const auto client = version.empty() ? "" : fmt::format("\nclient: {}", printable(version));
    for (const auto& column : columns) {
      const auto figure = figure_of(result, column);
      if (!figure) continue;
      entries_.push_back({{"name", printable(fmt::format("{} {}", name, column.name))},
                          {"unit", printable(column.unit)},
                          {"value", figure->median},
                          {"range", fmt::format("{:.10g} to {:.10g}", figure->low, figure->high)},
                          {"extra", fmt::format("{}\n{}{}", printable(column.meaning),
                                                range_text(*figure, result, column.name), client)}});
    }
    // From zero to more is an infinite ratio, which raises the action's alert.
    const auto failed = failed_repetitions(result);
    auto extra = fmt::format("of {}", plural_of(count, "repetition"));
    if (failed > 0) extra += fmt::format("\n{}", printable(first_failure(result)));
    entries_.push_back({{"name", printable(name) + " failed_repetitions"},
                        {"unit", "count"},
                        {"value", failed},
                        {"extra", extra + client}});
  }

  ordered_json entries_ = ordered_json::array();
  /// By source.
  std::map<std::string, std::string> machine_of_;
  /// By name of the case.
  std::map<std::string, std::string> source_of_;
};

/// Returns a field of text. A leading ' keeps spreadsheets from evaluating it (OWASP, CSV Injection).
std::string text_field(std::string_view text) {
  auto safe = printable(text);
  if (!safe.empty() && std::string_view{"=+-@"}.contains(safe.front())) safe.insert(safe.begin(), '\'');
  return csv_field(safe);
}

constexpr std::string_view csv_header =
    "file,commit,date,case,strategy,workers,loops,task,items,page_kb,latency,seed,engine,connections,warm_up,"
    "kind,"
    "client_version,column,unit,better,median,low,high,confidence,repetitions,failed,reason,machine_id\r\n";

std::string csv_lines(const result_file& file, const std::vector<exported_column>& columns) {
  std::string lines;
  const auto commit = context_of(file, "commit") + (context_of(file, "dirty") == "true" ? "+changes" : "");
  for (const auto& result : file.cases) {
    const auto& parameters = result.parameters;
    const std::vector<std::string> case_fields{
        text_field(file.source),
        text_field(commit),
        text_field(context_of(file, "date")),
        text_field(parameters.name()),
        text_field(parameters.strategy),
        std::to_string(parameters.workers),
        std::to_string(parameters.loops),
        std::string{to_string(parameters.task)},
        std::to_string(parameters.items),
        std::to_string(parameters.page_kb),
        csv_field(format_latency(parameters.latency)),
        parameters.latency.is_fixed() ? "" : std::to_string(parameters.seed),
        std::string{to_string(parameters.engine)},
        std::string{to_string(parameters.connections)},
        std::to_string(parameters.warm_up),
        std::string{to_string(parameters.kind)},
        text_field(client_version_of(result))};
    const auto counts = fmt::format("{},{},{},{}", result.repetitions.size(), failed_repetitions(result),
                                    text_field(first_failure(result)), text_field(result.machine));
    for (const auto& column : columns) {
      const auto figure = figure_of(result, column);
      // A failed case has one line.
      if (!figure && !(has_failed(result) && &column == columns.data())) continue;
      auto figures = std::string{",,,"};
      if (figure) {
        figures = fmt::format("{},{},{},{}", figure->median, figure->low, figure->high,
                              figure->confidence > 0 ? fmt::format("{:.4f}", figure->confidence) : "");
      }
      lines += fmt::format("{},{},{},{},{},{}\r\n", fmt::join(case_fields, ","), text_field(column.name),
                           text_field(column.unit), text_field(column.better), figures, counts);
    }
  }
  return lines;
}

/// Form of a unit's figures for people.
struct figure_form {
  double divisor;
  std::string suffix;
  int decimals;
};

figure_form form_of(const std::string& unit, double value) {
  if (unit == "bytes" && value < mib) return {.divisor = kib, .suffix = " KiB", .decimals = 1};
  if (unit == "bytes") return {.divisor = mib, .suffix = " MiB", .decimals = 2};
  if (unit == "ms") return {.divisor = 1, .suffix = " ms", .decimals = 1};
  if (unit == "us") return {.divisor = 1, .suffix = " µs", .decimals = 1};
  if (unit == "per_second") return {.divisor = 1, .suffix = "/s", .decimals = 1};
  return {.divisor = 1, .suffix = "", .decimals = 2};
}

/// "46.1 ms [45.9, 47.3]"; "46.1 ms" if the interval has no width.
std::string figure_cell(const median_interval& figure, const std::string& unit) {
  const auto form = form_of(unit, figure.median);
  const auto number = [&](double value) {
    return fmt::format("{:.{}f}", value / form.divisor, form.decimals);
  };
  auto text = number(figure.median) + form.suffix;
  if (figure.low < figure.high) text += fmt::format(" \\[{}, {}\\]", number(figure.low), number(figure.high));
  return text;
}

/// Returns "Workload light, commit 0123456789ab and changes, 2026-11-27T14:23:47+00:00, on CPU.".
std::string circumstances(const result_file& file) {
  std::vector<std::string> facts;
  if (const auto workload = context_of(file, "workload"); !workload.empty())
    facts.push_back("workload " + markdown_text(workload));
  if (const auto commit = context_of(file, "commit"); !commit.empty())
    facts.push_back(fmt::format("commit {}{}", markdown_text(commit.substr(0, 12)),
                                context_of(file, "dirty") == "true" ? " and changes" : ""));
  for (const char* name : {"date", "cpu_model"})
    if (const auto fact = context_of(file, name); !fact.empty()) facts.push_back(markdown_text(fact));
  if (const auto machine = context_of(file, "machine_id"); !machine.empty())
    facts.push_back("machine " + markdown_text(machine));
  return facts.empty() ? "" : fmt::format("{}\n\n", fmt::join(facts, ", "));
}

std::string markdown_line(const case_result& result, const std::vector<exported_column>& columns) {
  const auto& parameters = result.parameters;
  auto line = fmt::format("| {} | {} | {} |", markdown_text(parameters.label()), parameters.workers,
                          parameters.items);
  for (const auto& column : columns) {
    const auto figure = figure_of(result, column);
    const bool is_reason = has_failed(result) && &column == columns.data();
    line += fmt::format(" {} |", figure ? figure_cell(*figure, column.unit) : is_reason ? "**failed**" : "–");
  }
  return line + '\n';
}

/// Returns a heading, the circumstances, and for each point a table and its failed cases.
std::string markdown_section(const result_file& file, const std::vector<exported_column>& columns) {
  std::string text = fmt::format("### {}\n\n{}", markdown_code(file.source), circumstances(file));
  text += fmt::format(
      "Medians with their {:.0f} % intervals; of fewer than {} repetitions, with lowest and highest.\n",
      100 * figure_confidence, min_values(figure_confidence, 0));
  std::vector<std::string> points;
  std::map<std::string, std::vector<const case_result*>> cases_of;
  for (const auto& result : file.cases) {
    auto& cases = cases_of[point_title(result.parameters)];
    if (cases.empty()) points.push_back(point_title(result.parameters));
    cases.push_back(&result);
  }
  for (const auto& point : points) {
    text += fmt::format("\n#### {}\n\n| strategy | workers | items |", markdown_text(point));
    for (const auto& column : columns) text += fmt::format(" {} |", markdown_text(column_title(column.name)));
    text += "\n|---|--:|--:|";
    for (std::size_t i = 0; i < columns.size(); ++i) text += "--:|";
    text += '\n';
    std::string failures;
    for (const auto* result : cases_of[point]) {
      text += markdown_line(*result, columns);
      if (has_failed(*result))
        failures += fmt::format("- failed: {} ({} of {}): {}\n", markdown_text(result->parameters.title()),
                                failed_repetitions(*result), result->repetitions.size(),
                                markdown_text(first_failure(*result)));
    }
    if (!failures.empty()) text += '\n' + failures;
  }
  return text;
}

}  // namespace

std::vector<std::string> export_format_names() { return {format_names.begin(), format_names.end()}; }

std::optional<export_format> parse_export_format(std::string_view text) {
  const auto* const found = std::ranges::find(format_names, text);
  if (found == format_names.end()) return std::nullopt;
  return static_cast<export_format>(found - format_names.begin());
}

std::vector<result_file> read_exported_files(const std::vector<fs::path>& paths) {
  std::vector<result_file> files;
  std::set<fs::path> known;
  for (const auto& path : paths) {
    for (const auto& file : is_directory(path) ? result_files_in(path, true) : std::vector{path}) {
      std::error_code ignored;
      if (!known.insert(fs::weakly_canonical(file, ignored)).second) continue;
      const auto whole = parse_strictly(read_input_file(file), file.string());
      auto result = is_recording(whole) ? read_recording(whole, file.string()).result
                                        : read_result(whole, file.string());
      std::ranges::move(split_by_machine(std::move(result)), std::back_inserter(files));
    }
  }
  return files;
}

std::string export_text(std::span<const result_file> files, export_format format,
                        const std::vector<std::string>& columns) {
  entry_writer entries;
  std::string text{format == export_format::csv ? csv_header : ""};
  for (const auto& file : files) {
    const auto chosen = chosen_columns(file, format, columns);
    switch (format) {
      case export_format::github_action_benchmark:
        entries.add(file, chosen);
        break;
      case export_format::csv:
        text += csv_lines(file, chosen);
        break;
      case export_format::markdown:
        text += (text.empty() ? "" : "\n") + markdown_section(file, chosen);
        break;
    }
  }
  return format == export_format::github_action_benchmark ? entries.text() : text;
}

std::string failure_note(std::span<const result_file> files) {
  std::size_t cases = 0;
  std::size_t failed = 0;
  std::string first;
  for (const auto& file : files) {
    cases += file.cases.size();
    for (const auto& result : file.cases) {
      if (!has_failed(result)) continue;
      if (++failed == 1) first = fmt::format("{}: {}", result.parameters.name(), first_failure(result));
    }
  }
  if (failed == 0) return {};
  return fmt::format("{} of {} failed and {} no figures; the first: {}", failed, plural_of(cases, "case"),
                     failed == 1 ? "has" : "have", first);
}

}  // namespace farebench::track
