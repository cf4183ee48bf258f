#include "lib/system/output_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace farebench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view part_suffix = ".partial";
constexpr mode_t permission_bits = 0777;
constexpr mode_t default_permissions = 0666;

[[noreturn]] void throw_unwritable(const fs::path& path, int error = errno) {
  throw std::system_error{error, std::generic_category(), "write " + path.string()};
}

// Returns the errno of a failed stream. EIO stands for an unknown error, since streams need not set errno.
int stream_error() { return errno != 0 ? errno : EIO; }

// Returns the path at the end of a chain of symbolic links, whether or not a file exists there.
fs::path resolve_links(const fs::path& path) {
  fs::path target = path;
  std::error_code error;
  while (fs::is_symlink(target, error)) target = target.parent_path() / fs::read_symlink(target);
  return target;
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : "."; }

// Locks an open part. Returns 0 or an errno: EWOULDBLOCK if a writer holds the lock, or if the part lost its
// name before the lock was obtained.
int lock_part(int descriptor, const fs::path& part) {
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) return errno;
  struct stat opened{};
  struct stat named{};
  const bool has_name = ::fstat(descriptor, &opened) == 0 && ::lstat(part.c_str(), &named) == 0 &&
                        S_ISREG(named.st_mode) && opened.st_dev == named.st_dev &&
                        opened.st_ino == named.st_ino;
  return has_name ? 0 : EWOULDBLOCK;
}

void remove_if_abandoned(const fs::path& part) {
  const file_descriptor opened{::open(part.c_str(), O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)};
  if (opened.get() >= 0 && lock_part(opened.get(), part) == 0) ::unlink(part.c_str());
}

// Makes a new name in the folder durable, if the folder is readable and its file system can synchronise it.
void synchronise_folder_of(const fs::path& path) {
  const file_descriptor folder{::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder.get() < 0 && errno == EACCES) return;
  if (folder.get() < 0 || (::fsync(folder.get()) != 0 && errno != EINVAL)) throw_unwritable(path);
}

}  // namespace

output_file::output_file(const fs::path& path) : target_{path} {
  struct stat existing{};
  const bool exists = ::stat(path.c_str(), &existing) == 0;
  if (!exists && errno != ENOENT) throw_unwritable(path);
  if (exists && S_ISREG(existing.st_mode)) mode_ = existing.st_mode & permission_bits;
  if (!exists || mode_) {
    target_ = resolve_links(path);
    create_part();
  }
  errno = 0;
  stream_.open(part_.empty() ? target_ : part_, std::ios::binary);
  if (!stream_) {
    const int error = stream_error();
    remove_part();
    throw_unwritable(path, error);
  }
}

output_file::~output_file() { remove_part(); }

void output_file::create_part() {
  // Grants no more than the existing file's mode, plus writing for the owner; commit() sets the exact mode.
  const mode_t mode = mode_.value_or(default_permissions) | S_IWUSR;
  for (int number = 1;; ++number) {
    part_ = target_;
    if (number > 1) part_ += '.' + std::to_string(number);
    part_ += part_suffix;
    remove_if_abandoned(part_);
    lock_ = file_descriptor{::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
    const int error = lock_.get() < 0 ? errno : lock_part(lock_.get(), part_);
    if (error == 0) return;
    if (error == EEXIST || error == EWOULDBLOCK) continue;
    if (lock_.get() >= 0) remove_part();
    throw_unwritable(target_, error);
  }
}

void output_file::remove_part() {
  if (!part_.empty()) ::unlink(part_.c_str());
  part_.clear();
}

void output_file::commit(if_exists action) {
  errno = 0;
  stream_.close();
  if (!stream_) throw_unwritable(target_, stream_error());
  if (part_.empty()) return;
  if (mode_ && ::fchmod(lock_.get(), *mode_) != 0) throw_unwritable(target_);
  if (::fsync(lock_.get()) != 0) throw_unwritable(target_);
  // A link fails if the target exists; a rename replaces it.
  const int status = action == if_exists::keep ? ::link(part_.c_str(), target_.c_str())
                                               : std::rename(part_.c_str(), target_.c_str());
  if (status != 0) throw_unwritable(target_);
  if (action == if_exists::keep) remove_part();
  part_.clear();
  synchronise_folder_of(target_);
}

void write_file(const fs::path& path, std::string_view text, if_exists action) {
  std::error_code error;
  fs::create_directories(folder_of(path), error);
  if (error) throw std::system_error{error, "write " + path.string()};
  output_file file{path};
  file.stream() << text;
  file.commit(action);
}

void remove_abandoned_parts(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator{folder, ignored}) {
    if (entry.path().native().ends_with(part_suffix)) remove_if_abandoned(entry.path());
  }
}

std::string read_file(const fs::path& path) {
  const std::string operation = "read " + path.string();
  const file_descriptor file =
      checked_descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC), operation.c_str());
  std::string text;
  std::array<char, 64 * 1024> chunk;
  while (true) {
    const ssize_t count = ::read(file.get(), chunk.data(), chunk.size());
    if (count == 0) return text;
    if (count > 0) text.append(chunk.data(), static_cast<std::size_t>(count));
    if (count < 0 && errno != EINTR) throw_system_error(operation);
  }
}

}  // namespace farebench
