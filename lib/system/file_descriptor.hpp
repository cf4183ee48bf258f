#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace farebench {

/// Owns at most one file descriptor. Not thread-safe.
class file_descriptor {
 public:
  file_descriptor() = default;
  /// A negative number, as failed calls return it, owns nothing.
  explicit file_descriptor(int descriptor) : descriptor_(descriptor) {}
  ~file_descriptor() { reset(); }
  file_descriptor(file_descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  file_descriptor& operator=(file_descriptor&& other) noexcept {
    if (this != &other) {
      reset();
      descriptor_ = std::exchange(other.descriptor_, -1);
    }
    return *this;
  }

  int get() const { return descriptor_; }
  /// Returns the descriptor, which the caller owns from now on.
  int release() { return std::exchange(descriptor_, -1); }
  void reset() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

 private:
  int descriptor_ = -1;
};

/// Throws std::system_error with errno and the name of the failed operation, such as "open /tmp/a".
[[noreturn]] inline void throw_system_error(const std::string& operation) {
  throw std::system_error{errno, std::generic_category(), operation};
}

/// Owns the descriptor that `call` returned. Throws std::system_error if the call failed.
inline file_descriptor checked_descriptor(int descriptor, const char* call) {
  if (descriptor < 0) throw_system_error(call);
  return file_descriptor{descriptor};
}

/// Raises this process's limit of open files to the hard limit, since each connection is a file. The usual
/// soft limit of 1,024 protects programs that use select(). Called by programs only, never by the library.
inline void raise_open_file_limit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace farebench
