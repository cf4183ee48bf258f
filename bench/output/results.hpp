#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/cases.hpp"
#include "bench/output/rows.hpp"

namespace farebench {

enum class output_format : std::uint8_t { console, json, csv };

/// Parses a value of --benchmark_format; nullopt for another text.
std::optional<output_format> parse_output_format(std::string_view text);

/// A row of a result: a repetition of a case, or an aggregate (mean, median, …) over its repetitions.
struct reported_row {
  benchmark_case parameters;
  /// Google Benchmark's name of the case, and of the row: an aggregate has a suffix.
  std::string run_name;
  std::string name;
  std::int64_t family_index = 0;
  std::int64_t instance_index = 0;
  std::int64_t repetitions = 1;
  std::int64_t repetition_index = 0;
  std::int64_t iterations = 1;
  /// "mean", "median", "stddev" or "cv"; empty for a repetition.
  std::string aggregate = {};
  /// The aggregate is a ratio: of a cv, neither times nor columns have their units.
  bool is_ratio = false;
  double real_time_ms = 0;
  /// CPU time of the bench itself.
  double cpu_time_ms = 0;
  std::map<std::string, double> columns = {};
  /// Reason why the figures are invalid; empty if they are valid.
  std::string failure = {};
  /// Engine and warnings.
  std::string label = {};
  /// Libraries and language of the client, as it reports them. Of repetitions only.
  std::string client_version = {};
  /// Times of the items. Of repetitions only. JSON has them as "item_histogram", other formats leave them
  /// out.
  std::optional<time_histogram> item_histogram = {};
};

/// Adds failure, label, client_version and item_histogram to a row from the measured repetitions. An
/// aggregate fails if a repetition did. Its percentiles are those of all repetitions together if each has a
/// histogram; only medians have any. Removes columns that are not finite; times that are not become 0. Throws
/// std::logic_error for a repetition that is not in the ledger or passed without a finite time, and for an
/// unknown column.
void add_verdict(reported_row& row, const row_ledger& ledger);

/// Writes a result file as JSON. `schema` is that of schema_json(); each row has a line.
void write_result(std::ostream& out, const nlohmann::ordered_json& schema,
                  const nlohmann::ordered_json& context, const nlohmann::ordered_json& rows);

struct console_options {
  /// Columns in a table under one header; otherwise as name=value.
  bool tabular = true;
  bool color = false;
  /// Width of the longest name.
  std::size_t name_width = 10;
};

/// Writes a result in one format: console and CSV row by row, JSON at the end. JSON is a superset of Google
/// Benchmark's: { "schema": …, "context": …, "benchmarks": [one row per line] }. See schema_json() and
/// parameters_json() for the additions. CSV has a fixed first line and a cell for each member of a row.
class result_writer {
 public:
  /// `output` must outlive the writer. Writes the header.
  result_writer(output_format format, std::ostream& output, console_options options = {});

  void add(const reported_row& row);

  /// Completes the result. The context is part of JSON only.
  void finish(const nlohmann::ordered_json& context);

 private:
  output_format format_;
  std::ostream& output_;
  console_options options_;
  // Of JSON.
  std::vector<reported_row> rows_;
};

/// Returns the context as text, one member per line, for readers of console and CSV.
std::string context_text(const nlohmann::ordered_json& context);

}  // namespace farebench
