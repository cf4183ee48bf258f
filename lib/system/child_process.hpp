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

/// A program started with its standard input and output connected to us; standard error is inherited,
/// signals are set to their defaults, and it has a process group of its own, so that a terminal's Ctrl-C
/// reaches its parent alone. Owned by one thread, which must outlive it: the kernel sends `death_signal` to
/// the child when the thread that started it ends, so that a killed parent leaves no orphan.
class child_process {
 public:
  struct options {
    std::filesystem::path executable;
    std::vector<std::string> arguments = {};                            ///< without argv[0]
    std::vector<std::pair<std::string, std::string>> environment = {};  ///< set on top of the parent's
    std::vector<int> inherited_descriptors = {};  ///< kept open, under the same number; above 2
    int death_signal = SIGKILL;
  };

  /// Throws std::system_error naming the call and the executable; also when exec itself fails.
  explicit child_process(const options& what);
  /// Stops it (see stop), so that no path leaves a child behind.
  ~child_process();
  child_process(child_process&&) noexcept;
  child_process& operator=(child_process&&) noexcept;

  pid_t pid() const;

  /// Writes the line and a newline. False when the child has closed its input (never SIGPIPE).
  bool write_line(std::string_view line);

  enum class read_status { line, end_of_file, timed_out };
  struct read_result {
    read_status status;
    std::string line;  ///< without its newline (the last may lack one); empty unless status is `line`
  };
  /// The next line of its standard output, or what kept it from coming within `patience`.
  read_result read_line(std::chrono::nanoseconds patience);

  /// Sends SIGTERM, waits for up to `grace`, then SIGKILL; reaps. The wait status (see waitpid).
  int stop(std::chrono::milliseconds grace = std::chrono::seconds{2});
  /// Sends SIGKILL and reaps. The wait status.
  int kill();
  /// Waits for the child to end by itself; its wait status, or nullopt after `patience`.
  std::optional<int> wait(std::chrono::milliseconds patience);

 private:
  void end() noexcept;
  bool reap(int flags);

  pid_t pid_ = -1;          // -1: moved from
  file_descriptor input_;   // our end of the child's standard input
  file_descriptor output_;  // our end of its standard output
  std::optional<int> wait_status_;
  std::string pending_;  // read, but not yet a whole line
};

/// Starts the program with `input` as its standard input and `output` as its standard output; returns
/// when it is running it. Throws std::system_error naming the call and the executable, with no child left.
pid_t spawn(const child_process::options& what, int input, int output);

/// The path of `name` in the folder of the running program (from /proc/self/exe, so that it holds
/// from any working directory). Throws std::runtime_error, naming the path, when it is not there.
std::filesystem::path sibling_path(std::string_view name);

}  // namespace farebench
