#pragma once

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace farebench::track {

/// SHA-256 (FIPS 180-4) as 64 hex digits.
std::string sha256(std::string_view bytes);

// Reading files that people may have touched: each of these throws track_error (exit code 2) that names
// `source` or `where`, and what is wrong there.

/// Returns the content of a file.
std::string read_input_file(const std::filesystem::path& path);

/// A JSON object, without a member that stands there twice.
nlohmann::ordered_json parse_strictly(std::string_view text, const std::string& source);

std::string text_member(const nlohmann::ordered_json& object, std::string_view name,
                        const std::string& where);
/// Finite.
double number_member(const nlohmann::ordered_json& object, std::string_view name, const std::string& where);

/// So many lower-case hex digits.
void check_hex(std::string_view text, std::size_t digits, const std::string& where);

/// What one repetition showed, by column; the wall time too, as "real_time" in ms.
using figures = std::map<std::string, double>;

/// A result file of `track record`, read and found whole. A *series* is the name of a row without what Google
/// Benchmark puts behind it: the same from commit to commit.
struct recorded_run {
  std::string source;                          ///< the file, for messages
  std::map<std::string, std::string> context;  ///< what of it is text: commit, machine, compiler, …
  double canary = 0;  ///< what the machine itself took, see canary; smaller is faster
  std::map<std::string, std::vector<figures>> rows;  ///< by series: the repetitions, in order
  std::map<std::string, std::string> failures;       ///< series with a failed repetition: why, the first

  const std::string& machine() const { return context.at("machine"); }
  const std::string& program() const { return context.at("program_sha256"); }
  const std::string& commit() const { return context.at("commit"); }
};

/// The text of a result file for a context and rows: Google Benchmark's JSON, one row a line, and in the
/// context a checksum of all the rest, by which a file that was changed by hand is known.
std::string recorded_text(nlohmann::ordered_json context, const nlohmann::ordered_json& rows);

/// Throws track_error (exit code 2) that names `source` and what is wrong with the text: truncated, not of
/// track record, a member that is missing or of another kind, or changed since it was recorded.
recorded_run parse_recorded_run(std::string_view text, const std::string& source);

/// The same of a file; also when it cannot be read.
recorded_run read_recorded_run(const std::filesystem::path& path);

/// The result files in a folder, by name, which is by time. Throws track_error when there is none.
std::vector<std::filesystem::path> result_files_in(const std::filesystem::path& folder);

}  // namespace farebench::track
