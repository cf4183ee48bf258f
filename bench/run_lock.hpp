#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "lib/system/file_descriptor.hpp"

namespace farebench {

/// Returns "/tmp/farebench-UID.lock", the same for all programs of a user on this machine.
std::filesystem::path run_lock_path();

/// Advisory lock held by a program while it measures, so that a second one can warn. Two measurements at once
/// disturb each other. Released by the destructor, or by the kernel when the program ends.
class run_lock {
 public:
  /// Takes the lock if it is free. Never waits and never throws: without a usable file, nothing is locked.
  explicit run_lock(const std::filesystem::path& path = run_lock_path());

  /// Returns one line if another program holds the lock, otherwise nothing.
  const std::optional<std::string>& warning() const { return warning_; }

 private:
  file_descriptor file_;
  std::optional<std::string> warning_;
};

}  // namespace farebench
