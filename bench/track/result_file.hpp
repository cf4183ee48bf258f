#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/cases.hpp"
#include "bench/output/statistics.hpp"

namespace farebench::track {

/// A result file of bench. Files with a schema are described by it. Older files have neither schema nor
/// parameters: those are read from the names of the rows, and the schema is that of this bench.
struct result_file {
  /// Path, for messages.
  std::string source;
  /// Of merged shards: what they share, and for the rest that of the first shard.
  nlohmann::ordered_json context;
  /// Machines of the rows by machine_id, each with its context, in the order of their first row. Files of one
  /// machine may have no id: "".
  std::vector<std::pair<std::string, nlohmann::ordered_json>> machines;
  /// List of objects with name, unit, better and meaning, in the order of tables. The first is real_time.
  nlohmann::ordered_json columns;
  /// List of objects with name, label, family, language, transport, control_flow and code_changes.
  nlohmann::ordered_json strategies;
  /// In display order. The label of a row is its warning.
  std::vector<case_result> cases;
  /// repetition_index of each repetition of each case, ascending.
  std::vector<std::vector<std::size_t>> repetition_indices;
};

/// Returns the parameters that a row's name states, or nullopt if it is not a name of bench. Ignores the
/// suffix of Google Benchmark ("/iterations:1/manual_time"). A name does not state the kind of its point.
std::optional<benchmark_case> parse_case_name(std::string_view name);

/// Reads a parsed result file. Throws track_error (exit code 2) that names file, place and value.
result_file read_result(const nlohmann::ordered_json& whole, const std::string& source);

/// Returns a file for each machine of the rows, because rows of different machines cannot be compared.
std::vector<result_file> split_by_machine(result_file file);

/// Returns the finite values of a column, in the order of the repetitions. Empty if a repetition failed.
std::vector<double> values_if_passed(const case_result& result, const std::string& column);

/// Returns the reason of the first failed repetition, or "".
std::string first_failure(const case_result& result);

/// Display order of cases: strategies in the order of probe_clients() and then by name, loops, workers,
/// latency.
bool precedes(const benchmark_case& one, const benchmark_case& other);

/// Identifies the conditions of a case, which are all parameters but strategy, loops, workers and days.
std::string point_id(const benchmark_case& parameters);
/// "145 ms per response, 94 KiB pages"; "hold: 1 s per response, 3 KiB pages, engine beast";
/// "get: 20 ms per response, 3 KiB pages, fresh connections, warm-up of 50 items".
std::string point_title(const benchmark_case& parameters);

/// Memory over time of one repetition.
struct timeline_curve {
  std::string case_name;
  std::size_t repetition;
  /// Object of times in ms.
  nlohmann::ordered_json phases_ms;
  /// List of pairs [ms, KiB], ascending in time.
  nlohmann::ordered_json points;
};

struct timeline {
  double sample_every_ms;
  std::vector<timeline_curve> curves;
};

/// Returns the path of a result's timeline: run.json, run.timeline.json.
std::filesystem::path timeline_path(const std::filesystem::path& result);

/// Reads a timeline file. Throws track_error (exit code 2) that names file, place and value, also for a curve
/// of a case that the result does not have.
timeline read_timeline(const std::filesystem::path& path, const result_file& result);

}  // namespace farebench::track
