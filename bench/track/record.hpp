#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench/flags.hpp"

namespace farebench::track {

struct record_flags {
  /// The revision whose client is measured. Absent: that of this build.
  std::optional<std::string> of = {};
  /// Empty: results/runs of the repository.
  std::filesystem::path into = {};
  std::vector<std::string> bench_flags = {};
};

/// Runs the bench and writes its result atomically to <into>/<machine>/<utc>-<commit>.json: Google
/// Benchmark's JSON with every repetition, and a complete context. This build's bench and server run the
/// clients of other commits too. Prints the name of the file. `parsed` is the parsed flags.bench_flags.
///
/// Returns exit code 1 if rows failed, which are recorded with the reason. Throws track_error (exit code 2)
/// without a file.
int record(const record_flags& flags, const bench_flags& parsed);

}  // namespace farebench::track
