#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "bench/track/result_file.hpp"

namespace farebench::track {

/// Returns SHA-256 (FIPS 180-4) as 64 hex digits.
std::string sha256(std::string_view bytes);

/// Members of a recording's context that must be equal for figures to be comparable, besides the machine.
inline constexpr std::array setting_members{"workload", "engine",     "latency", "page_kb",
                                            "days",     "first_date", "seed"};

/// Values before and after the bench ran.
struct before_and_after {
  double before;
  double after;
};

/// Circumstances of a recording.
struct recording_facts {
  /// Name of the file without .json. Unique among the recordings read together.
  std::string id = {};
  std::string machine = {};
  /// 40 hex digits.
  std::string commit = {};
  std::vector<std::string> parents = {};
  /// First line of the commit's message; "" if unknown.
  std::string subject = {};
  /// UTC, "2026-11-24T19:15:30Z"; "" if unknown.
  std::string commit_date = {};
  /// UTC.
  std::string recorded = {};
  /// The sources differed from the commit.
  bool is_dirty = false;
  /// SHA-256 of the client without its commit id.
  std::string program = {};
  std::string compiler = {};
  /// Time of the canary in ms.
  before_and_after canary = {};
  before_and_after load = {};
  double steal_percent = 0;
};

/// A result file of `track record` with a valid checksum, or of bench. A *series* is the name of a case: the
/// same from commit to commit.
struct recorded_run {
  result_file result;
  /// Texts of the context: workload, engine, flags, …
  std::map<std::string, std::string> context;
  recording_facts facts;
  /// False for a file of bench, which lacks most facts: it has no machine's name, program hash and canary.
  bool is_recording = true;

  const std::string& source() const { return result.source; }
  /// Mean of the canary, in ms.
  double canary() const { return (facts.canary.before + facts.canary.after) / 2; }
  /// The setting_members with their values: "workload light, engine beast, …".
  std::string setting() const;
  /// Model and number of processors, limits of this process, and version of the kernel. Also known for files
  /// of bench, but weaker than the machine's name.
  std::string processors() const;
  /// Returns nullptr if there is no such case.
  const case_result* find(const std::string& series) const;
};

/// Returns the text of a recording: Google Benchmark's JSON with one row per line, and in the context a
/// checksum of everything else, which reveals changes. `schema` is null for a bench that writes none.
std::string recorded_text(nlohmann::ordered_json context, const nlohmann::ordered_json& rows,
                          const nlohmann::ordered_json& schema = nullptr);

/// Returns whether a parsed result file claims to be a recording.
bool is_recording(const nlohmann::ordered_json& whole);

/// Reads a recording. Throws track_error (exit code 2) that names `source`, the place and the value: not a
/// recording, missing or invalid members, or changed since it was recorded.
recorded_run read_recording(const nlohmann::ordered_json& whole, const std::string& source);
recorded_run parse_recorded_run(std::string_view text, const std::string& source);
recorded_run read_recorded_run(const std::filesystem::path& path);

/// Reads a recording, or a result file that `bench --benchmark_out` wrote as JSON. Throws as
/// read_recording().
recorded_run read_comparable_run(const std::filesystem::path& path);

/// Returns the result files (*.json, but no timelines) in a folder, by name, and so by time. With
/// `subfolders`, also those of the folders in it. Throws track_error if there is none.
std::vector<std::filesystem::path> result_files_in(const std::filesystem::path& folder,
                                                   bool subfolders = false);

}  // namespace farebench::track
