#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench/flags.hpp"

namespace farebench::track {

struct record_flags {
  std::optional<std::string> of;  ///< the revision whose client is measured; absent: this build's
  std::filesystem::path into;     ///< empty: results/runs of the repository
  std::vector<std::string> bench_flags = {};
};

/// Runs the bench and keeps its result as <into>/<machine>/<utc>-<commit>.json, all at once or not at all:
/// Google Benchmark's JSON with every repetition, and a context that is complete. An older commit's client is
/// built and driven by today's bench and server. Prints the file's name. Exit code 1 when rows failed: they
/// are recorded with their reasons. `parsed`: flags.bench_flags. Throws track_error (exit code 2) with
/// nothing recorded.
int record(const record_flags& flags, const bench_flags& parsed);

}  // namespace farebench::track
