#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace farebench {

/// Part of a job that a scheduler spreads over machines or tasks.
struct shard {
  /// From 1 to count.
  std::size_t index = 1;
  std::size_t count = 1;

  bool operator==(const shard&) const = default;
};

inline constexpr std::size_t max_shards = 10'000;

/// Returns "2/4".
std::string to_string(const shard& part);

/// Parses a value of --shard. Returns an error, in one line, if it is invalid.
/// - "2/4": the second of four.
/// - "auto": from the environment of a Slurm job array that was submitted with --array=1-N.
/// - "auto/4": the index alone from the environment, of a Slurm array (SLURM_ARRAY_TASK_ID, 1 to 4, also of
///   one that repeats a few tasks) or of a Kubernetes Indexed Job (JOB_COMPLETION_INDEX, 0 to 3).
///
/// Sources: sbatch(1), "Output Environment Variables"; Kubernetes' documentation of Jobs, "Completion mode".
std::expected<shard, std::string> parse_shard(std::string_view text);

}  // namespace farebench
