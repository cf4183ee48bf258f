#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/track/gate.hpp"
#include "bench/track/recordings.hpp"
#include "bench/track/result_file.hpp"

namespace farebench::track {

// The report: result files and recordings as JSON, which the page draws. docs/tracking.md names its members.

/// A result with its timeline, if there is one.
struct report_result {
  result_file file;
  std::optional<timeline> curves = {};
};

struct broken_file {
  /// Name without its folder.
  std::string name;
  std::string reason;
  /// Name and reason as one line.
  std::string message;
};

/// Files of a report that could be read, and the others.
struct report_input {
  std::vector<report_result> results;
  /// With unique ids.
  std::vector<recorded_run> recordings;
  std::vector<broken_file> broken;
};

/// Reads result files, recordings and folders of them, each file once. Results are read with the timelines
/// beside them. Throws track_error (exit code 2) if no file can be read.
report_input read_report_input(const std::vector<std::filesystem::path>& paths);

/// Returns the title of a column: its name in words, without the unit.
std::string column_title(std::string_view name);

/// Returns a report's JSON. Its results are those of `input`; without any, the latest recording of each
/// machine and setting. Pure: equal files give equal bytes.
nlohmann::ordered_json report_json(const report_input& input, std::span<const accepted_regression> accepted);

/// Returns the JSON of `track history`: the report's history and broken files.
nlohmann::ordered_json history_report_json(const report_input& input,
                                           std::span<const accepted_regression> accepted);

/// Returns the page with the report's JSON in place of its marker. No text in the JSON can end the script
/// element that holds it. Throws track_error if the page has no marker.
std::string fill_page(std::string_view page, const nlohmann::ordered_json& report);

/// Reads the page without data (report_page.html) beside this program. Throws track_error that names the
/// command that builds it if it is missing.
std::string read_empty_page();

}  // namespace farebench::track
