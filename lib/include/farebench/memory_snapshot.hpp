#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

#include "farebench/memory_error.hpp"
#include "farebench/process_file.hpp"

namespace farebench {

/// What a process holds at one moment, as the kernel tells it in /proc/PID/status. A value.
/// Kernel memory (thread stacks, sockets) is in none of the figures but `page_table_bytes`.
struct memory_snapshot {
  std::uint64_t rss_bytes = 0;       ///< resident: anonymous + file + shared (VmRSS)
  std::uint64_t rss_peak_bytes = 0;  ///< the most that was ever resident since exec or a reset (VmHWM)
  std::uint64_t anon_bytes = 0;      ///< heap and stacks, in no file (RssAnon)
  std::uint64_t file_bytes = 0;  ///< mapped files and shared memory: libraries, mostly (RssFile + RssShmem)
  std::uint64_t page_table_bytes = 0;  ///< VmPTE
  std::uint32_t threads = 0;

  bool operator==(const memory_snapshot&) const = default;
};

/// The snapshot in the text of a status file (sizes there are in units of 1,024 bytes, written "kB"). Pure.
std::expected<memory_snapshot, memory_error> parse_status(std::string_view text);

/// Reads one process again and again. One read(2) a snapshot, about 8 µs. One thread at a time.
class memory_reader {
 public:
  /// Throws as process_file.
  explicit memory_reader(pid_t pid);

  /// Throws as process_file.
  std::expected<memory_snapshot, memory_error> read() const;

 private:
  process_file status_;
};

/// One snapshot. Errors as memory_reader's.
std::expected<memory_snapshot, memory_error> read_memory_snapshot(pid_t pid);

/// How many of its descriptors are sockets now; `gone` once it is reaped; a zombie has none, and is 0 or
/// `gone` by the kernel's version. Costs about 3 µs for each descriptor. Throws std::system_error when the
/// kernel won't tell (another user's process, say).
std::expected<std::size_t, memory_error> count_sockets(pid_t pid);

}  // namespace farebench
