#include "bench/output/results.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <stdexcept>
#include <utility>

#include "bench/columns.hpp"
#include "bench/output/statistics.hpp"
#include "bench/output/text_table.hpp"

namespace farebench {
namespace {

using nlohmann::ordered_json;

std::string dump(const ordered_json& value, int indent = -1) {
  return value.dump(indent, ' ', false, ordered_json::error_handler_t::replace);
}

std::string joined(std::string first, const std::string& second) {
  if (first.empty() || second.empty()) return first + second;
  return std::move(first) + "; " + second;
}

/// Returns "2 of 5 repetitions failed"; empty if none did.
template <typename Predicate>
std::string share_of(std::span<const finished_row> rows, Predicate predicate, std::string_view verb) {
  const auto count = std::ranges::count_if(rows, predicate);
  return count == 0 ? "" : fmt::format("{} of {} repetitions {}", count, rows.size(), verb);
}

/// Removes percentiles from means and deviations, and replaces the median of the repetitions' percentiles by
/// the percentile of all repetitions together, if it is known.
void aggregate_percentiles(reported_row& aggregate, std::span<const finished_row> measured) {
  for (const column& one : columns()) {
    const auto found = aggregate.columns.find(std::string{one.name});
    if (one.percentile_of == distribution::none || found == aggregate.columns.end()) continue;
    if (aggregate.aggregate != "median") {
      aggregate.columns.erase(found);
    } else {
      found->second = merged_percentile(measured, one.name).value_or(found->second);
    }
  }
}

ordered_json row_json(const reported_row& row) {
  const bool is_aggregate = !row.aggregate.empty();
  ordered_json members{{"name", row.name},
                       {"family_index", row.family_index},
                       {"per_family_instance_index", row.instance_index},
                       {"run_name", row.run_name},
                       {"run_type", is_aggregate ? "aggregate" : "iteration"},
                       {"repetitions", row.repetitions}};
  if (is_aggregate) {
    members["aggregate_name"] = row.aggregate;
    members["aggregate_unit"] = row.is_ratio ? "percentage" : "time";
  } else {
    members["repetition_index"] = row.repetition_index;
  }
  // A case is measured in one thread of the bench.
  members["threads"] = 1;
  if (!row.failure.empty()) {
    members["error_occurred"] = true;
    members["error_message"] = row.failure;
  }
  members["iterations"] = row.iterations;
  members["real_time"] = row.real_time_ms;
  members["cpu_time"] = row.cpu_time_ms;
  members["time_unit"] = "ms";
  if (!row.label.empty()) members["label"] = row.label;
  members.update(parameters_json(row.parameters));
  if (!row.client_version.empty()) members["client_version"] = row.client_version;
  for (const auto& name : counter_names()) {
    if (const auto found = row.columns.find(name); found != row.columns.end()) members[name] = found->second;
  }
  if (row.item_histogram) members["item_histogram"] = row.item_histogram->buckets();
  return members;
}

/// Writes an array with a line for each element.
void write_lines(std::ostream& out, const ordered_json& array) {
  out << '[';
  for (const auto& element : array) out << (&element == &array.front() ? "\n" : ",\n") << dump(element);
  out << "\n]";
}

/// Returns the names of all cells. The first ten are Google Benchmark's.
std::vector<std::string> csv_fields() {
  std::vector<std::string> fields{"name",
                                  "iterations",
                                  "real_time",
                                  "cpu_time",
                                  "time_unit",
                                  "bytes_per_second",
                                  "items_per_second",
                                  "label",
                                  "error_occurred",
                                  "error_message",
                                  "run_type",
                                  "repetition_index",
                                  "aggregate_name",
                                  "strategy",
                                  "workers",
                                  "loops",
                                  "days",
                                  "page_kb",
                                  "latency",
                                  "latency_ms",
                                  "seed",
                                  "engine",
                                  "kind",
                                  "task",
                                  "items",
                                  "connections",
                                  "warm_up",
                                  "client_version"};
  std::ranges::copy(counter_names(), std::back_inserter(fields));
  return fields;
}

std::string csv_cell(const ordered_json& value) {
  if (value.is_number_float()) return fmt::format("{}", value.get<double>());
  return value.is_string() ? csv_field(value.get_ref<const std::string&>()) : value.dump();
}

std::string csv_line(const reported_row& row) {
  const auto members = row_json(row);
  std::vector<std::string> cells;
  for (const auto& field : csv_fields())
    cells.push_back(members.contains(field) ? csv_cell(members[field]) : std::string{});
  return fmt::format("{}\n", fmt::join(cells, ","));
}

std::string time_text(double time_ms) {
  if (time_ms < 1) return fmt::format("{:.3f}", time_ms);
  if (time_ms < 10) return fmt::format("{:.2f}", time_ms);
  return fmt::format("{:.{}f}", time_ms, time_ms < 100 ? 1 : 0);
}

std::string figure_text(double value, bool is_ratio) {
  if (is_ratio) return fmt::format("{:.2f}%", 100 * value);
  return std::abs(value) >= 1000 ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value);
}

std::size_t width_of(std::string_view column) { return std::max<std::size_t>(column.size(), 10); }

std::string console_header(const console_options& options) {
  auto header = fmt::format("{:<{}} {:>13}", "Benchmark", options.name_width, "Time");
  if (options.tabular) {
    for (const auto& name : counter_names()) header += fmt::format(" {:>{}}", name, width_of(name));
  } else {
    header += " Columns...";
  }
  const std::string rule(header.size(), '-');
  return fmt::format("{0}\n{1}\n{0}\n", rule, header);
}

std::string console_line(const reported_row& row, const console_options& options) {
  const auto colored = [&](std::string_view color, std::string text) {
    return options.color ? fmt::format("\033[{}m{}\033[m", color, text) : std::move(text);
  };
  std::string line = colored("0;32", fmt::format("{:<{}} ", row.name, options.name_width));
  line += colored("0;33", row.is_ratio ? fmt::format("{:>10.2f} %", 100 * row.real_time_ms)
                                       : fmt::format("{:>10} ms", time_text(row.real_time_ms)));
  if (row.is_ratio) line += ' ';
  for (const auto& name : counter_names()) {
    const auto found = row.columns.find(name);
    const bool has_column = found != row.columns.end();
    const auto figure = has_column ? figure_text(found->second, row.is_ratio) : "-";
    if (options.tabular) {
      line += fmt::format(" {:>{}}", figure, width_of(name));
    } else if (has_column) {
      line += fmt::format(" {}={}", name, figure);
    }
  }
  if (!row.failure.empty()) line += colored("0;31", " FAILED: " + row.failure);
  if (!row.label.empty()) line += (row.failure.empty() ? " " : "; ") + row.label;
  return line + '\n';
}

}  // namespace

std::optional<output_format> parse_output_format(std::string_view text) {
  if (text == "console") return output_format::console;
  if (text == "json") return output_format::json;
  if (text == "csv") return output_format::csv;
  return std::nullopt;
}

void add_verdict(reported_row& row, const row_ledger& ledger) {
  const auto measured = ledger.repetitions(row.parameters.name());
  const bool is_aggregate = !row.aggregate.empty();
  std::string warning;
  if (is_aggregate) {
    row.failure = share_of(measured, [](const finished_row& one) { return one.verdict.failed(); }, "failed");
    warning = share_of(
        measured, [](const finished_row& one) { return !one.verdict.warning.empty(); }, "have a warning");
    aggregate_percentiles(row, measured);
  } else {
    const auto index = static_cast<std::size_t>(row.repetition_index);
    if (index >= measured.size()) throw std::logic_error(fmt::format("'{}' was not recorded", row.name));
    row.failure = one_line(measured[index].verdict.failure);
    warning = one_line(measured[index].verdict.warning);
    row.client_version = one_line(measured[index].client_version);
    row.item_histogram = measured[index].item_histogram;
  }
  row.label = joined(fmt::format("engine: {}", to_string(row.parameters.engine)), warning);

  if (!std::isfinite(row.real_time_ms) && !is_aggregate && row.failure.empty())
    throw std::logic_error(fmt::format("'{}' passed without a finite time", row.name));
  // compare.py needs times in each row. A cv of zero times is 0/0, and there is no spread.
  for (double* const time : {&row.real_time_ms, &row.cpu_time_ms}) {
    if (!std::isfinite(*time)) *time = 0;
  }
  const auto known = counter_names();
  for (const auto& [name, value] : row.columns) {
    if (std::ranges::find(known, name) == known.end())
      throw std::logic_error(fmt::format("'{}' has an unknown column '{}'", row.name, name));
  }
  std::erase_if(row.columns, [](const auto& one) { return !std::isfinite(one.second); });
}

void write_result(std::ostream& out, const ordered_json& schema, const ordered_json& context,
                  const ordered_json& rows) {
  out << "{\n\"schema\": {\"version\": " << dump(schema.at("version")) << ", \"columns\": ";
  write_lines(out, schema.at("columns"));
  out << ", \"strategies\": ";
  write_lines(out, schema.at("strategies"));
  out << "},\n\"context\": " << dump(context, 1) << ",\n\"benchmarks\": ";
  write_lines(out, rows);
  out << "\n}\n";
}

result_writer::result_writer(output_format format, std::ostream& output, console_options options)
    : format_{format}, output_{output}, options_{options} {
  if (format_ == output_format::csv) output_ << fmt::format("{}\n", fmt::join(csv_fields(), ","));
  if (format_ == output_format::console) output_ << console_header(options_);
}

void result_writer::add(const reported_row& row) {
  switch (format_) {
    case output_format::console:
      output_ << console_line(row, options_) << std::flush;
      return;
    case output_format::csv:
      output_ << csv_line(row) << std::flush;
      return;
    case output_format::json:
      rows_.push_back(row);
      return;
  }
}

void result_writer::finish(const ordered_json& context) {
  if (format_ != output_format::json) return;
  std::vector<benchmark_case> cases;
  auto benchmarks = ordered_json::array();
  for (const auto& row : rows_) {
    cases.push_back(row.parameters);
    benchmarks.push_back(row_json(row));
  }
  write_result(output_, schema_json(cases), context, benchmarks);
}

std::string context_text(const ordered_json& context) {
  std::string text;
  for (const auto& [key, value] : context.items())
    text += fmt::format("{}: {}\n", key, value.is_string() ? value.get<std::string>() : dump(value));
  return text;
}

}  // namespace farebench
