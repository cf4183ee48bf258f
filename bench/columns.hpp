#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/cases.hpp"
#include "bench/measurement.hpp"

namespace farebench {

enum class column_unit : std::uint8_t { ms, us, bytes, ratio, share, count, per_second };

enum class better_direction : std::uint8_t { lower, higher, none };

/// Returns "ms", "us", "bytes", "ratio", "share", "count" or "per_second".
std::string_view to_string(column_unit unit);
/// Returns "lower", "higher" or "none".
std::string_view to_string(better_direction direction);

/// Distribution of which a column is a percentile. Percentiles are never averaged.
enum class distribution : std::uint8_t { none, item_times, server_lateness };

/// A figure of a row.
struct column {
  std::string_view name;
  column_unit unit;
  better_direction better;
  /// Definition, for --help and result files.
  std::string_view meaning;
  /// True if zero is a figure of a row that passed. False if it can only be a mistake.
  bool can_be_zero = true;
  distribution percentile_of = distribution::none;
  unsigned percent = 0;
};

/// Limits of a figure. No column is negative, or is between zero and the first.
inline constexpr double min_figure = 1e-9;
/// 2^53: larger integers lose digits in other readers of JSON.
inline constexpr double max_figure = 9'007'199'254'740'992;

/// Returns all columns in the order of documentation and result files. The first is real_time, which Google
/// Benchmark also has; the others are its user counters.
std::span<const column> columns();

/// Returns the names of all columns except real_time.
std::vector<std::string> counter_names();

/// Returns a row's columns except real_time, by name. Inapplicable ones are absent. Pure.
std::map<std::string, double> column_values(const benchmark_case& row, const measurement& measured,
                                            const std::optional<counted_run>& counted);

/// Returns the "schema" of a result file: version, columns, and facts about the clients of its rows, each
/// once. Names without a client are left out.
nlohmann::ordered_json schema_json(std::span<const benchmark_case> rows);

/// Returns a case's parameters as members of a row:
///   {"strategy":"coroutines","workers":100,"loops":1,"days":100,"page_kb":3,"latency":"20ms","latency_ms":20,
///    "engine":"beast"}
/// latency_ms is the mean. Random latencies add "seed", points of the scale workload "kind", fresh
/// connections "connections":"fresh", a warm-up "warm_up". The task get has "task":"get", and "items" instead
/// of "days".
nlohmann::ordered_json parameters_json(const benchmark_case& row);

/// Reads the case from a row with the members above. Throws std::invalid_argument, naming the member, if one
/// is missing or invalid.
benchmark_case parse_parameters(const nlohmann::json& row);

}  // namespace farebench
