#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "posix/file_descriptor.hpp"

namespace farebench::soak {

/// A child process that does one job after another and says how it goes in lines, so that one which hangs or
/// crashes can be counted, ended and replaced. Forked from a process of one thread; gone with this object,
/// and with the process that made it.
class worker_process {
 public:
  /// Does a job: called in the child for each line that `give` sends; `say` sends a line back.
  using job = std::function<void(const std::string& line, const std::function<void(std::string_view)>& say)>;

  /// Throws std::system_error.
  explicit worker_process(const job& what);
  ~worker_process();
  worker_process(worker_process&& other) noexcept;
  worker_process& operator=(worker_process&&) = delete;

  void give(std::string_view line);
  /// Readable when there is something to read: lines, or the child's end.
  int descriptor() const { return said_.get(); }
  /// The whole lines that have come. `ended()` afterwards, when there will be none any more.
  std::vector<std::string> read_lines();
  bool has_ended() const { return has_ended_; }
  pid_t pid() const { return child_; }
  /// Ends it at once, whatever it does.
  void kill();

 private:
  pid_t child_ = -1;
  file_descriptor given_;
  file_descriptor said_;
  std::string pending_;
  bool has_ended_ = false;
};

}  // namespace farebench::soak
