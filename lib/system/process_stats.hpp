#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <ostream>
#include <string_view>
#include <vector>

#include "lib/system/file_descriptor.hpp"

// Figures about processes from /proc. A reader keeps its file open, so that it never reads another process
// that got the same PID: after the process is gone, each read returns `gone`. Readers are not thread-safe.

namespace farebench {

/// Reason for missing figures. The first three end a series of samples: the process has ended or is ending.
enum class process_error {
  /// Reaped: no such process.
  gone,
  /// Ended but not yet reaped. Its memory is freed, and VmHWM with it.
  zombie,
  /// The process is freeing its memory, or is a kernel thread. In statm, also a zombie.
  no_memory,
  /// Text in another format, or of a kernel that lacks one of the fields.
  malformed,
};

std::string_view to_string(process_error error);

/// Figures from /proc/PID/status. Kernel memory (thread stacks, sockets) is only in `page_table_bytes`.
struct memory_snapshot {
  /// Resident: anonymous, file and shared memory (VmRSS).
  std::uint64_t rss_bytes = 0;
  /// Maximum of `rss_bytes` since exec or a reset (VmHWM).
  std::uint64_t rss_peak_bytes = 0;
  /// Heap and stacks (RssAnon).
  std::uint64_t anon_bytes = 0;
  /// Mapped files, mostly libraries, and shared memory (RssFile + RssShmem).
  std::uint64_t file_bytes = 0;
  /// VmPTE.
  std::uint64_t page_table_bytes = 0;
  std::uint32_t threads = 0;

  bool operator==(const memory_snapshot&) const = default;
};

/// Parses a status file, whose sizes are in units of 1,024 bytes ("kB"). Pure.
std::expected<memory_snapshot, process_error> parse_status(std::string_view text);

/// Reads snapshots of one process. Each costs one read(2) and about 8 µs.
class memory_reader {
 public:
  /// Throws std::system_error naming the file if it cannot be opened, unless the process is gone.
  explicit memory_reader(pid_t pid);

  /// Throws std::system_error naming the file if it cannot be read.
  std::expected<memory_snapshot, process_error> read() const;

 private:
  pid_t pid_;
  // Empty if the process was already gone in the constructor.
  file_descriptor status_;
};

/// Reads one snapshot. Throws as memory_reader.
std::expected<memory_snapshot, process_error> read_memory_snapshot(pid_t pid);

/// Figures from /proc/PID/statm, cheap enough to sample every few milliseconds.
struct resident_memory {
  std::uint64_t rss_bytes = 0;
  /// Resident minus shared pages.
  std::uint64_t anon_bytes = 0;

  bool operator==(const resident_memory&) const = default;
};

/// Parses a statm file, which counts in pages. Pure.
std::expected<resident_memory, process_error> parse_statm(std::string_view text, std::uint64_t page_bytes);

/// Reads statm of one process. Each read costs about 2 µs, a quarter of a memory_snapshot. Throws as
/// memory_reader.
class resident_reader {
 public:
  explicit resident_reader(pid_t pid);

  std::expected<resident_memory, process_error> read() const;

 private:
  pid_t pid_;
  file_descriptor statm_;
};

/// Counts the sockets among the process's descriptors. Costs about 3 µs per descriptor. A zombie gives 0 or
/// `gone`, depending on the kernel. Throws std::system_error if the kernel refuses, for example for another
/// user's process.
std::expected<std::size_t, process_error> count_sockets(pid_t pid);

/// Returns the CPU time, user and system, of a process's threads, including threads that have ended.
std::expected<std::chrono::nanoseconds, process_error> process_cpu_time(pid_t pid);

/// Returns the running descendants of a process, children first. Empty if the process is gone. Searches the
/// first 64 threads of each process, at about 5 µs per thread: children that others started are missing.
std::vector<pid_t> descendants(pid_t pid);

/// Returns the CPU time of a process and its descendants, including children that it has waited for. Theirs
/// is counted in units of 10 ms.
std::expected<std::chrono::nanoseconds, process_error> process_tree_cpu_time(pid_t pid);

/// Returns the time for which a process's existing threads have been ready to run but waited for a core.
/// Costs about 10 µs per thread. Returns `gone` also if the kernel keeps no such figure.
std::expected<std::chrono::nanoseconds, process_error> run_queue_delay(pid_t pid);

/// Time of the machine's processors since its start, added up, from /proc/stat.
struct processor_times {
  std::chrono::nanoseconds total = {};
  /// Idle or waiting for I/O.
  std::chrono::nanoseconds idle = {};
  std::chrono::nanoseconds interrupts = {};
  /// Taken by the hypervisor, for other virtual machines.
  std::chrono::nanoseconds steal = {};

  /// Time for which no program ran.
  std::chrono::nanoseconds unused() const { return idle + interrupts + steal; }
};

/// Parses /proc/stat. Pure.
std::expected<processor_times, process_error> parse_processor_times(std::string_view text,
                                                                    long ticks_per_second);

/// Reads /proc/stat, whose figures are in units of 10 ms. Throws std::system_error if it cannot be read.
std::expected<processor_times, process_error> read_processor_times();

struct resource_counts {
  std::size_t descriptors;
  std::size_t threads;

  bool operator==(const resource_counts&) const = default;
};

/// Counts the open descriptors and the threads of this process. Comparing two counts shows leaks.
resource_counts open_resources();

inline std::ostream& operator<<(std::ostream& out, const resource_counts& counts) {
  return out << counts.descriptors << " descriptors, " << counts.threads << " threads";
}

}  // namespace farebench
