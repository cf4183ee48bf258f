#pragma once

#include <string>

namespace farebench::test {

/// Result of a shell command.
struct finished_command {
  /// -1 if a signal ended it.
  int exit_code;
  std::string output;
  std::string errors;
};

/// Runs a shell command and waits for its end. Throws std::runtime_error if it cannot start.
finished_command run_command(const std::string& command);

}  // namespace farebench::test
