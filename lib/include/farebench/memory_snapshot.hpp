#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

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

/// Why a process has no snapshot. The first three are ways of having ended, or of ending, so that a
/// sampler simply stops there.
enum class memory_error {
  gone,       ///< reaped: there is no such process
  zombie,     ///< ended, not yet reaped: its memory, and with it VmHWM, has been given back
  no_memory,  ///< alive by its state but with no memory: giving it back right now, or a kernel thread
  malformed,  ///< text that isn't a status file, or that of a kernel which lacks one of the fields
};

std::string_view to_string(memory_error error);

/// The snapshot in the text of a status file (sizes there are in units of 1,024 bytes, written "kB"). Pure.
std::expected<memory_snapshot, memory_error> parse_status(std::string_view text);

/// Reads one process again and again through one open descriptor, so that a PID given anew to
/// another process is never mistaken for it: once the process has gone, it stays gone. One read(2)
/// a snapshot, about 8 µs. Used by one thread at a time; owns the descriptor.
class memory_reader {
 public:
  /// A process that has gone already is no failure: `read` tells. Throws std::system_error, naming
  /// the file, when it can't be opened for another reason (no descriptors left, say).
  explicit memory_reader(pid_t pid);
  ~memory_reader();
  memory_reader(memory_reader&& other) noexcept;
  memory_reader& operator=(memory_reader&& other) noexcept;

  /// Throws std::system_error when reading fails for another reason than the process's end.
  std::expected<memory_snapshot, memory_error> read() const;

 private:
  pid_t pid_;
  int descriptor_;  // -1: the process had gone before it could be opened
};

/// One snapshot. Errors as memory_reader's.
std::expected<memory_snapshot, memory_error> read_memory_snapshot(pid_t pid);

/// How many of its descriptors are sockets now; `gone` once it is reaped; a zombie has none, and is 0 or
/// `gone` by the kernel's version. Costs about 3 µs for each descriptor. Throws std::system_error when the
/// kernel won't tell (another user's process, say).
std::expected<std::size_t, memory_error> count_sockets(pid_t pid);

}  // namespace farebench
