#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace farebench {

/// A child with pipes to its standard input and from its standard output, and the segment's
/// environment and descriptor. For tests: fails by exceptions. Killed and reaped on destruction.
class preloaded_program {
 public:
  preloaded_program(const std::vector<std::string>& command,
                    const std::vector<std::pair<std::string, std::string>>& environment, int inherited);
  ~preloaded_program();
  preloaded_program(const preloaded_program&) = delete;
  preloaded_program& operator=(const preloaded_program&) = delete;

  void send_byte();
  char read_byte();
  std::string read_line();
  /// Closes its input and waits; the exit code, or -1 for a signal.
  int finish();

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
};

}  // namespace farebench
