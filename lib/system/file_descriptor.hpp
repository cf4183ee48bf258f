#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

namespace farebench {

/// Owns a file descriptor, or none. One thread.
class file_descriptor {
 public:
  file_descriptor() = default;
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
  void reset() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

 private:
  int descriptor_ = -1;
};

/// Raises the process's limit of open files as far as it may: each connection is one, and the usual soft
/// limit of 1,024 is there for programs that use select(). For a program's main; a library leaves the limit
/// alone.
inline void raise_open_file_limit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace farebench
