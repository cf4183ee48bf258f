#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <ostream>
#include <span>
#include <string_view>

namespace farebench {

/// Why nothing can be told of a process's memory. The first three are ways of having ended, or of ending, so
/// that a sampler simply stops there.
enum class memory_error {
  gone,       ///< reaped: there is no such process
  zombie,     ///< ended, not yet reaped: its memory, and with it VmHWM, has been given back
  no_memory,  ///< none of its own: giving it back right now, a kernel thread, or, in statm, a zombie too
  malformed,  ///< text that isn't such a file's, or that of a kernel which lacks one of the fields
};

std::string_view to_string(memory_error error);

/// A file of one process under /proc, read again and again through one open descriptor, so that a PID given
/// anew to another process is never mistaken for it: once the process has gone, it stays gone. Used by one
/// thread at a time; owns the descriptor.
class process_file {
 public:
  /// `name`: "status", say; it must outlive the file. A process that has gone already is no failure: `read`
  /// tells. Throws std::system_error, naming the file, when it can't be opened for another reason (no
  /// descriptors left, say).
  process_file(pid_t pid, const char* name);
  ~process_file();
  process_file(process_file&& other) noexcept;
  process_file& operator=(process_file&& other) noexcept;

  /// What it says now, into `buffer`, which must have room for all that is wanted of it; a view into that.
  /// One read(2). Throws std::system_error when reading fails for another reason than the process's end.
  std::expected<std::string_view, memory_error> read(std::span<char> buffer) const;

 private:
  pid_t pid_;
  const char* name_;
  int descriptor_;  // -1: the process had gone before it could be opened
};

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

/// What of a process is resident at one moment, as the kernel tells it in /proc/PID/statm: a look so cheap
/// that it can be taken every few milliseconds. A value.
struct resident_memory {
  std::uint64_t rss_bytes = 0;   ///< resident pages
  std::uint64_t anon_bytes = 0;  ///< those in no file: resident − shared

  bool operator==(const resident_memory&) const = default;
};

/// The text of a statm file, which counts in pages. Pure.
std::expected<resident_memory, memory_error> parse_statm(std::string_view text, std::uint64_t page_bytes);

/// Reads one process's statm: about 2 µs, a quarter of what a memory_snapshot takes. A zombie has `no_memory`
/// there. One thread at a time.
class resident_reader {
 public:
  /// Throws as process_file.
  explicit resident_reader(pid_t pid);

  /// Throws as process_file.
  std::expected<resident_memory, memory_error> read() const;

 private:
  process_file statm_;
  std::uint64_t page_bytes_;
};

/// What this process holds of the kernel's now, to be compared with before.
struct resource_counts {
  std::size_t descriptors;
  std::size_t threads;

  bool operator==(const resource_counts&) const = default;
};

resource_counts open_resources();

inline std::ostream& operator<<(std::ostream& out, const resource_counts& counts) {
  return out << counts.descriptors << " descriptors, " << counts.threads << " threads";
}

}  // namespace farebench
