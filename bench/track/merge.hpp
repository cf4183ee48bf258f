#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace farebench::track {

/// A result file of `bench --shard`, or of earlier merging.
struct shard_file {
  /// Path, for messages.
  std::string source;
  /// The parsed JSON.
  nlohmann::ordered_json whole;
};

/// Returns one result file with the rows of all shards, in the order of a run without shards. It depends on
/// the set of shards only: not on their order, nor on whether some were merged before others.
///
/// Each row has the members "machine_id" and "shard". In the context, "shards" lists the shards, each with
/// the members of its context that not all shards share.
///
/// Throws track_error (exit code 2), which names files, place and values, for
/// - a file that is not a shard's;
/// - a shard of another run: commit, build, workload, cases, repetitions or number of shards differ;
/// - a shard that was interrupted, is incomplete or is in two files;
/// - a missing shard, unless `is_partial`.
nlohmann::ordered_json merge_shards(std::vector<shard_file> files, bool is_partial);

struct merged_run {
  nlohmann::ordered_json result;
  /// Text of the timeline. Absent if not every file with rows has one beside it.
  std::optional<std::string> timeline = {};
  /// Reason for the absence.
  std::string timeline_error = {};
};

/// Reads and merges result files, and the timelines beside them. Throws as merge_shards(), and track_error
/// for a file that cannot be read.
merged_run merge_files(const std::vector<std::filesystem::path>& paths, bool is_partial);

}  // namespace farebench::track
