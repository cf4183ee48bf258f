#pragma once

#include <string>
#include <vector>

namespace farebench::track {

/// What a command of the system's (git, cmake) left.
struct tool_result {
  int exit_code;       ///< −1: ended by a signal; 127: there is no such command
  std::string output;  ///< without the newline at its end

  bool is_good() const { return exit_code == 0; }
};

enum class tool_errors { left_out, in_output };

/// Runs a command, found by PATH, to its end; no shell looks at the arguments. It ends when this thread does.
tool_result run_tool(const std::vector<std::string>& command, tool_errors errors);

}  // namespace farebench::track
