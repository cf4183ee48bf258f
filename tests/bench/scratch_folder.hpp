#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace farebench {

/// A temporary folder, removed at the end.
class scratch_folder {
 public:
  scratch_folder() : path_{(std::filesystem::temp_directory_path() / "farebench-test-XXXXXX").string()} {
    if (mkdtemp(path_.data()) == nullptr) throw std::system_error{errno, std::generic_category(), path_};
  }
  ~scratch_folder() { std::filesystem::remove_all(path_); }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;

  std::filesystem::path operator/(const std::string& name) const {
    return std::filesystem::path{path_} / name;
  }
  std::filesystem::path path() const { return path_; }

 private:
  std::string path_;
};

/// Returns the content of a file; empty if it does not exist.
inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace farebench
