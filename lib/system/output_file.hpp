#pragma once

#include <filesystem>
#include <fstream>
#include <ostream>

namespace farebench {

/// A result on its way into a file: written beside it, and put in its place by `commit` once it is whole, so
/// that an older result stays until then, whatever happens. A symbolic link is followed; what is no regular
/// file (a pipe, /dev/null) is written directly. One thread.
class output_file {
 public:
  /// Throws std::system_error naming the path when it cannot be written to.
  explicit output_file(const std::filesystem::path& path);
  /// Without a commit nothing is left of it.
  ~output_file();
  output_file(const output_file&) = delete;
  output_file& operator=(const output_file&) = delete;

  std::ostream& stream() { return stream_; }

  /// Throws std::system_error when not all could be written; the older file is then as it was.
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path written_;  // the same where it is written directly
  std::ofstream stream_;
  bool is_done_ = false;
};

}  // namespace farebench
