#pragma once

#include <filesystem>
#include <optional>

#include "bench/flags.hpp"

namespace farebench {

/// Where a run leaves what it keeps beside its rows; absent: nowhere.
struct output_paths {
  std::optional<std::filesystem::path> journal;
  std::optional<std::filesystem::path> timeline;
};

/// The journal: where --journal says, or beside the output; without one, beside the programs (in `programs`,
/// the build's folder, which git ignores). A smoke run keeps none unless told: it measures nothing.
/// The curves: where --timeline says, or beside the output: of run.json (or .csv, .txt), run.timeline.json;
/// without one, nowhere. A pipe or a device has nothing beside it. Throws flag_error when two outputs would
/// be one file.
output_paths output_paths_of(const bench_flags& flags, const std::filesystem::path& programs);

}  // namespace farebench
