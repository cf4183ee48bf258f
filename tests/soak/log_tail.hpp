#pragma once

#include <sys/types.h>

#include <filesystem>
#include <vector>

#include "tests/soak/run_record.hpp"

namespace farebench::soak {

/// A server's log, read a run at a time. The file is this object's: removed before and after.
/// Of a process that was killed it is left, and whoever killed it may remove it.
class log_tail {
 public:
  /// Under the system's folder for temporary files, named after this process.
  log_tail();
  static std::filesystem::path path_of(pid_t process);
  ~log_tail();
  log_tail(const log_tail&) = delete;
  log_tail& operator=(const log_tail&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// What has been written since the last call.
  std::vector<logged_exchange> read_new();

 private:
  std::filesystem::path path_;
  std::streamoff read_bytes_ = 0;
};

}  // namespace farebench::soak
