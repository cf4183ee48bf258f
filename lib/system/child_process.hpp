#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/system/file_descriptor.hpp"

namespace farebench {

/// A running program whose standard input and output are connected to this process. It inherits standard
/// error, starts with default signal dispositions, and has its own process group, so that a terminal's Ctrl-C
/// reaches only its parent.
///
/// Used by one thread, which must outlive it: the kernel sends `death_signal` to the child when the thread
/// that started it ends, so that a killed parent leaves no orphan.
class child_process {
 public:
  struct options {
    std::filesystem::path executable;
    /// Without argv[0].
    std::vector<std::string> arguments = {};
    /// Added to the parent's environment; replaces variables of the same name.
    std::vector<std::pair<std::string, std::string>> environment = {};
    /// Open in the child too, under the same numbers. All above 2.
    std::vector<int> inherited_descriptors = {};
    int death_signal = SIGKILL;
  };

  /// Returns once the child runs the program. Throws std::system_error naming the call that failed, and the
  /// executable if fork, exec or a redirection failed; no child is left then.
  explicit child_process(const options& launch);
  /// Stops the child, as stop() does.
  ~child_process();
  child_process(child_process&&) noexcept;
  child_process& operator=(child_process&&) noexcept;

  pid_t pid() const { return pid_; }

  /// Writes the line and a newline to the child's input. Returns false, without SIGPIPE, if that is closed.
  bool write_line(std::string_view line);
  /// Closes the child's input, which then is at its end.
  void close_input() { input_.reset(); }

  enum class read_status { line, end_of_file, timed_out };
  struct read_result {
    read_status status;
    /// Without its newline; empty unless `status` is `line`.
    std::string line;
  };
  /// Reads the next line of the child's standard output; the last one may lack its newline. After a timeout,
  /// the incomplete line is kept for the next call.
  read_result read_line(std::chrono::nanoseconds timeout);

  /// Sends SIGTERM, and SIGKILL after `grace`. Reaps the child and returns its wait status (see waitpid).
  int stop(std::chrono::milliseconds grace = std::chrono::seconds{2});
  /// Sends SIGKILL, reaps the child and returns its wait status.
  int kill();
  /// Waits until the child exits. Returns its wait status, or nullopt after a timeout.
  std::optional<int> wait(std::chrono::milliseconds timeout);

 private:
  void end() noexcept;
  bool reap(int flags);

  // −1 once moved from.
  pid_t pid_ = -1;
  // The parent's ends of the child's standard input and output.
  file_descriptor input_;
  file_descriptor output_;
  std::optional<int> wait_status_;
  // Bytes read after the last complete line.
  std::string pending_;
};

/// Returns the path of `name` in the folder of the running program. Throws std::runtime_error naming the path
/// if no such file exists.
std::filesystem::path sibling_path(std::string_view name);

}  // namespace farebench
