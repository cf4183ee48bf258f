#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/track/result_file.hpp"

namespace farebench::track {

// Results in the formats of other programs. Figures are medians with their intervals; see measured_figure.

enum class export_format : std::uint8_t {
  /// Array of entries for the action's tool customSmallerIsBetter: {name, unit, value, range, extra}. An
  /// entry
  /// per case and column, and one with the number of failed repetitions.
  github_action_benchmark,
  /// RFC 4180 with a header: a line per case and column.
  csv,
  /// GitHub-flavoured tables: a line per case.
  markdown,
};

/// Names of the formats, for flags and messages.
std::vector<std::string> export_format_names();
/// Parses a name of a format; nullopt for another text.
std::optional<export_format> parse_export_format(std::string_view text);

/// Reads result files, recordings and folders of them, each file once. Throws track_error (exit code 2) for
/// the first file that cannot be read.
std::vector<result_file> read_exported_files(const std::vector<std::filesystem::path>& paths);

/// Returns the files in a format. `columns` chooses columns by name; without any, CSV has all, and the other
/// formats have rss_peak_bytes and those that commits are judged by. A case with a failed repetition has no
/// figures, but a reason. Text from files is escaped by printable(); in CSV, one that a spreadsheet would
/// evaluate as a formula is prefixed with '. Throws track_error (exit code 2) for a column that a file does
/// not have or the format cannot express, and for two cases that the action could not tell apart. Pure.
std::string export_text(std::span<const result_file> files, export_format format,
                        const std::vector<std::string>& columns);

/// Returns a line about failed cases: "1 of 20 cases failed and has no figures: fetch/…: REASON"; "" without
/// any.
std::string failure_note(std::span<const result_file> files);

}  // namespace farebench::track
