#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace farebench {

/// A directory of its own for a test, with all that's in it gone at the end.
class scratch_directory {
 public:
  scratch_directory();
  ~scratch_directory();
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// A program that was run to its end, and what it printed.
struct captured_run {
  int exit_code;  ///< -1: ended by a signal
  std::string output;
  std::string errors;
};

captured_run run_program(const std::vector<std::string>& command);

std::string text_of(const std::filesystem::path& path);

}  // namespace farebench
