#pragma once

#include <string>

namespace farebench::test {

/// What a finished command left.
struct finished_command {
  int exit_code;  ///< −1: ended by a signal
  std::string output;
  std::string errors;
};

/// Runs a shell command to its end.
finished_command run_command(const std::string& command);

}  // namespace farebench::test
