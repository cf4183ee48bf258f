#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bench/output/statistics.hpp"

namespace farebench {

// The tables that end a run. Figures are medians over the repetitions. Pure functions; texts are UTF-8 and
// end with a newline unless empty.

enum class table_format : std::uint8_t {
  text,
  /// GitHub Flavored Markdown, in which lines may have any width and every note is a paragraph.
  markdown,
};

/// Order of the cases that share a point, in which only strategy, transport and loops differ. Cases of other
/// points are never between them.
enum class table_order : std::uint8_t { time, cpu, memory, worker_memory, name };

/// Returns "text" or "markdown".
std::string_view to_string(table_format format);
/// Returns "time", "cpu", "memory", "worker_memory" or "name".
std::string_view to_string(table_order order);

struct table_options {
  table_format format = table_format::text;
  /// Lowest figure first, failed cases last. nullopt: the order of the cases.
  std::optional<table_order> order = {};
};

/// Returns all that people read: the table, failures and warnings, the scale table and the recommendations.
/// Lines of text take at most `width` columns: the table drops its least important columns, and texts are
/// wrapped. `workload` is the name of the workload, for its notes.
std::string summary_text(std::span<const case_result> cases, std::string_view workload, std::size_t width,
                         const table_options& table = {});

/// Returns whether cost stays flat as workers grow, from the `hold` cases: a line per strategy with the
/// growth of resident memory over workers fitted to a straight line (slope in KiB per worker, R²), and CPU
/// per request at 10,000 workers over that at 1,000. Failed cases are left out. Empty without `hold` cases.
std::string scale_table(std::span<const case_result> cases, table_format format = table_format::text);

/// Returns the recommendations as sentences: the fastest case, the leanest of those within 5 % of its time,
/// and the fewest workers within 5 % of it.
std::string recommendation_text(std::span<const case_result> cases, std::size_t width,
                                table_format format = table_format::text);

/// Returns CSV (RFC 4180) with a header and a line per case: its parameters, the number of repetitions, of
/// failed ones, the first reason, and of every column the median, minimum and maximum. A failed case has no
/// figures.
std::string summary_csv(std::span<const case_result> cases);

}  // namespace farebench
