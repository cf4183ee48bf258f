#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Limits of this process's CPU time: its affinity, and the cpusets and CPU quotas of its control groups
// (cgroups(7), versions 1 and 2). Groups above the root of a container's namespace are invisible to it.
//
// `root` is the folder with proc/ and sys/. Tests pass a folder of their own.

namespace farebench {

/// Returns the folder of this process's control group that has the controller ("cpu" or "cpuset"), followed
/// by those of the groups above it. Empty if that group is not mounted.
std::vector<std::filesystem::path> control_groups(std::string_view controller,
                                                  const std::filesystem::path& root = "/");

struct cpu_limits {
  /// Number of processors that the calling thread may use. The kernel keeps the affinity within the cpuset.
  std::size_t usable_cpus = 0;
  /// Processors of the cpuset, "0-3,8". Empty if these are all processors, or unknown.
  std::string cpuset = {};
  /// Lowest CPU quota of the control groups: CPU time / time, so that 1 is one processor. Absent if there is
  /// none.
  std::optional<double> quota = {};
};

/// Throws std::system_error if the affinity cannot be read.
cpu_limits read_cpu_limits(const std::filesystem::path& root = "/");

/// Returns the time for which CPU quotas have stopped this process's control group and those above it, added
/// up over processors and groups. Absent if no group is mounted.
std::optional<std::chrono::nanoseconds> throttled_time(const std::filesystem::path& root = "/");

}  // namespace farebench
