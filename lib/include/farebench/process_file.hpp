#pragma once

#include <sys/types.h>

#include <expected>
#include <span>
#include <string_view>

#include "farebench/memory_error.hpp"

namespace farebench {

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

}  // namespace farebench
