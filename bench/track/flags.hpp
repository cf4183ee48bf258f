#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bench/flags.hpp"
#include "bench/track/export.hpp"
#include "bench/track/measure.hpp"
#include "bench/track/record.hpp"

namespace farebench::track {

enum class verb { record, compare, gate, history, report, export_results, merge, selftest };

/// Flags of track, checked before anything starts.
struct track_flags {
  track::verb verb;
  /// Flags of bench: all that follows "--".
  std::vector<std::string> bench_flags = {};

  record_flags record = {};

  /// Of compare: revisions, result files or folders. Empty if there are clients.
  std::string base;
  std::string head;
  /// Of compare: none, or NAME=COMMAND of base and head.
  std::vector<std::string> clients = {};

  /// Of gate: the revision to compare with. Empty: base_of_gate().
  std::string against;

  /// Of history, report, export and merge: result files, recordings and folders of them. Empty: those of the
  /// repository.
  std::vector<std::filesystem::path> files = {};
  /// Of history and report. Empty: results/accepted.json of the repository, if there is one.
  std::filesystem::path accepted;
  /// Of report: folder of recordings. Empty: none, or results/runs if there are no files.
  std::filesystem::path runs;
  /// Of report: the page.
  std::filesystem::path page = "report.html";

  /// Of export.
  export_format format = export_format::csv;
  std::vector<std::string> columns = {};
  std::filesystem::path export_file = "-";

  /// Of merge.
  std::filesystem::path merged_file = {};
  bool is_partial = false;

  /// Of compare, gate, history and report.
  bool json = false;
  /// Of compare and gate.
  bool strict = false;
  /// Of compare and gate: the file to which Markdown is appended. Empty: none.
  std::filesystem::path summary = {};
  comparison_plan plan = {};

  /// Of selftest.
  bool is_short = false;
  /// Of selftest: number of recordings to kill. 0: compares with mutants instead.
  int kills = 0;
};

/// Throws track_error (exit code 2). Prints --help or --version and throws help_shown or version_shown.
track_flags parse_track_flags(int argc, char** argv);

/// Parses flags of bench, as bench does. Throws flag_error, or prints --help or --version and throws
/// help_shown or version_shown.
bench_flags parse_bench_flags(std::vector<std::string> arguments);

/// Parses flags of bench that choose a workload for a comparison of commits. Throws track_error for flags
/// that have no effect on a comparison and for clients that no commit contains, otherwise as
/// parse_bench_flags().
bench_flags parse_workload_flags(const std::vector<std::string>& arguments);

/// Parses flags of bench that choose a workload for a comparison of clients, which become its programs.
/// Throws as parse_workload_flags(), also for flags that choose other clients.
bench_flags parse_client_workload_flags(std::vector<std::string> arguments,
                                        const std::vector<std::string>& clients);

}  // namespace farebench::track
