#include "lib/system/output_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <streambuf>
#include <system_error>
#include <vector>

namespace farebench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view part_suffix = ".partial";
constexpr mode_t permission_bits = 0777;
constexpr mode_t default_permissions = 0666;

[[noreturn]] void throw_unwritable(const fs::path& path, int error = errno) {
  throw std::system_error{error, std::generic_category(), "write " + path.string()};
}

// Parts of all output files that are not yet committed.
struct part_list {
  std::mutex mutex;
  std::vector<fs::path> paths;
};
part_list& open_parts() {
  static part_list parts;
  return parts;
}

// The end of a chain of symbolic links.
struct link_end {
  // A file need not exist there.
  fs::path path;
  // Number of an open descriptor. Its path does not serve: opened, it has another offset, or fails.
  std::optional<int> descriptor;
};

// Returns N for a link /proc/self/fd/N.
std::optional<int> descriptor_of(const fs::path& link) {
  std::error_code error;
  if (fs::canonical(link.parent_path(), error) != fs::canonical("/proc/self/fd", error) || error)
    return std::nullopt;
  return std::stoi(link.filename());
}

link_end resolve_links(const fs::path& path) {
  if (path == "-") return {path, STDOUT_FILENO};
  fs::path target = path;
  std::error_code error;
  while (fs::is_symlink(target, error)) {
    if (const auto descriptor = descriptor_of(target)) return {target, descriptor};
    target = target.parent_path() / fs::read_symlink(target);
  }
  return {target, std::nullopt};
}

// Returns true if `file` is a regular file whose name is `path`. A file open as /dev/stdout may have lost its
// name.
bool is_file_at(const struct stat& file, const fs::path& path) {
  struct stat named{};
  return S_ISREG(file.st_mode) && ::lstat(path.c_str(), &named) == 0 && file.st_dev == named.st_dev &&
         file.st_ino == named.st_ino;
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : "."; }

// Locks an open part. Returns 0 or an errno: EWOULDBLOCK if a writer holds the lock, or if the part lost its
// name before the lock was obtained.
int lock_part(int descriptor, const fs::path& part) {
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) return errno;
  struct stat opened{};
  return ::fstat(descriptor, &opened) == 0 && is_file_at(opened, part) ? 0 : EWOULDBLOCK;
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

/// Passes a stream's bytes to a descriptor and keeps the first error, which a std::ofstream would lose.
class output_file::buffer final : public std::streambuf {
 public:
  explicit buffer(int descriptor) : descriptor_{descriptor} {
    setp(bytes_.data(), bytes_.data() + bytes_.size());
  }

  /// Writes all bytes so far. Returns 0 or the errno of the first error.
  int flush() {
    const char* next = pbase();
    while (error_ == 0 && next != pptr()) {
      const ssize_t count = ::write(descriptor_, next, static_cast<std::size_t>(pptr() - next));
      if (count >= 0) {
        next += count;
      } else if (errno != EINTR) {
        error_ = errno;
      }
    }
    setp(bytes_.data(), bytes_.data() + bytes_.size());
    return error_;
  }

 private:
  int_type overflow(int_type next) override {
    if (flush() != 0) return traits_type::eof();
    return traits_type::eq_int_type(next, traits_type::eof()) ? traits_type::not_eof(next)
                                                              : sputc(traits_type::to_char_type(next));
  }
  int sync() override { return flush() == 0 ? 0 : -1; }

  int descriptor_;
  int error_ = 0;
  std::array<char, 16 * 1024> bytes_;
};

std::optional<fs::path> replaced_file(const fs::path& path) {
  struct stat existing{};
  const bool exists = ::stat(path.c_str(), &existing) == 0;
  // Also stops a circle of links.
  if (!exists && errno != ENOENT) return std::nullopt;
  const auto end = resolve_links(path);
  if (end.descriptor || (exists && !is_file_at(existing, end.path))) return std::nullopt;
  return end.path;
}

file_descriptor open_directly(const fs::path& path) {
  struct stat existing{};
  if (path != "-" && ::stat(path.c_str(), &existing) != 0) throw_unwritable(path);
  if (const auto descriptor = resolve_links(path).descriptor) {
    // A descriptor for reading only would fail after the work.
    const int flags = ::fcntl(*descriptor, F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY) throw_unwritable(path, EBADF);
    file_descriptor copy{::fcntl(*descriptor, F_DUPFD_CLOEXEC, 0)};
    if (copy.get() < 0) throw_unwritable(path);
    return copy;
  }
  file_descriptor opened{::open(path.c_str(), O_WRONLY | O_TRUNC | O_NOCTTY | O_CLOEXEC)};
  if (opened.get() < 0) throw_unwritable(path);
  return opened;
}

output_file::output_file(const fs::path& path) : target_{path} {
  if (const auto target = replaced_file(path)) {
    struct stat existing{};
    if (::stat(target->c_str(), &existing) == 0) existing_ = existing;
    if (existing_ && ::access(target->c_str(), W_OK) != 0) throw_unwritable(path);
    target_ = *target;
    create_part();
  } else {
    descriptor_ = open_directly(path);
  }
  buffer_ = std::make_unique<buffer>(descriptor_.get());
  stream_.rdbuf(buffer_.get());
}

output_file::~output_file() { remove_part(); }

void output_file::create_part() {
  // Grants no more than the existing file's mode, plus writing for the owner; commit() sets the exact mode.
  const mode_t mode = existing_ ? (existing_->st_mode & permission_bits) | S_IWUSR : default_permissions;
  for (int number = 1;; ++number) {
    part_ = target_;
    if (number > 1) part_ += '.' + std::to_string(number);
    part_ += part_suffix;
    remove_if_abandoned(part_);
    descriptor_ = file_descriptor{::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
    const int error = descriptor_.get() < 0 ? errno : lock_part(descriptor_.get(), part_);
    if (error == 0) break;
    if (error == EEXIST || error == EWOULDBLOCK) continue;
    if (descriptor_.get() >= 0) ::unlink(part_.c_str());
    throw_unwritable(target_, error);
  }
  const std::lock_guard lock{open_parts().mutex};
  open_parts().paths.push_back(part_);
}

void output_file::remove_part() noexcept {
  if (part_.empty()) return;
  ::unlink(part_.c_str());
  forget_part();
}

/// Call when the part has lost its name, which another writer may use from now on.
void output_file::forget_part() noexcept {
  keep_part_of_killed_process();
  part_.clear();
}

void output_file::keep_part_of_killed_process() noexcept {
  const std::lock_guard lock{open_parts().mutex};
  std::erase(open_parts().paths, part_);
}

void output_file::commit(if_exists action) {
  if (const int error = buffer_->flush()) throw_unwritable(target_, error);
  if (part_.empty()) {
    // Ends the text for the reader of a FIFO or pipe.
    descriptor_.reset();
    return;
  }
  if (existing_) {
    // Only root may change the owner, and a change resets the mode's special bits.
    [[maybe_unused]] const int ignored = ::fchown(descriptor_.get(), existing_->st_uid, existing_->st_gid);
    if (::fchmod(descriptor_.get(), existing_->st_mode & permission_bits) != 0) throw_unwritable(target_);
  }
  if (::fsync(descriptor_.get()) != 0) throw_unwritable(target_);
  // A link fails if the target exists; a rename replaces it.
  const int status = action == if_exists::keep ? ::link(part_.c_str(), target_.c_str())
                                               : std::rename(part_.c_str(), target_.c_str());
  if (status != 0) throw_unwritable(target_);
  if (action == if_exists::keep) {
    remove_part();
  } else {
    forget_part();
  }
  synchronise_folder_of(target_);
}

void remove_parts_before_exit() noexcept {
  const std::lock_guard lock{open_parts().mutex};
  for (const auto& part : open_parts().paths) ::unlink(part.c_str());
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
