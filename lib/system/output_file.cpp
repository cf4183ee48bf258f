#include "lib/system/output_file.hpp"

#include <cerrno>
#include <system_error>

namespace farebench {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void throw_unwritable(const fs::path& path, int error) {
  throw std::system_error{error != 0 ? error : EIO, std::generic_category(), "write " + path.string()};
}

/// Where a symbolic link leads, there or not yet.
fs::path followed(fs::path path) {
  constexpr int most_links = 40;  // as the kernel: beyond, it is a circle, and opening it fails
  for (int i = 0; i < most_links && fs::is_symlink(path); ++i)
    path = path.parent_path() / fs::read_symlink(path);
  return path;
}

}  // namespace

output_file::output_file(const fs::path& path) : target_{followed(path)}, written_{target_} {
  if (!fs::exists(target_) || fs::is_regular_file(target_)) written_ += ".partial";
  errno = 0;
  stream_.open(written_, std::ios::binary | std::ios::trunc);
  if (!stream_) throw_unwritable(target_, errno);
}

output_file::~output_file() {
  std::error_code ignored;
  if (!is_done_ && written_ != target_) fs::remove(written_, ignored);
}

void output_file::commit() {
  errno = 0;
  stream_.close();
  if (!stream_) throw_unwritable(target_, errno);
  if (written_ != target_) fs::rename(written_, target_);
  is_done_ = true;
}

}  // namespace farebench
