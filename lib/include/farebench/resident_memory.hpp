#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <string_view>

#include "farebench/memory_error.hpp"
#include "farebench/process_file.hpp"

namespace farebench {

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

}  // namespace farebench
