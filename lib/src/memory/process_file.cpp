#include "farebench/process_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace farebench {

namespace {

std::string path_of(pid_t pid, const char* name) { return "/proc/" + std::to_string(pid) + "/" + name; }

}  // namespace

process_file::process_file(pid_t pid, const char* name)
    : pid_(pid), name_(name), descriptor_(::open(path_of(pid, name).c_str(), O_RDONLY | O_CLOEXEC)) {
  if (descriptor_ < 0 && errno != ENOENT && errno != ESRCH)
    throw std::system_error(errno, std::generic_category(), "open " + path_of(pid, name));
}

process_file::~process_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

process_file::process_file(process_file&& other) noexcept
    : pid_(other.pid_), name_(other.name_), descriptor_(std::exchange(other.descriptor_, -1)) {}

process_file& process_file::operator=(process_file&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(name_, other.name_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

std::expected<std::string_view, memory_error> process_file::read(std::span<char> buffer) const {
  if (descriptor_ < 0) return std::unexpected(memory_error::gone);
  ssize_t size;
  do {
    size = ::pread(descriptor_, buffer.data(), buffer.size(), 0);  // at 0, the kernel makes the text anew
  } while (size < 0 && errno == EINTR);
  if (size >= 0) return std::string_view(buffer.data(), static_cast<std::size_t>(size));
  if (errno == ESRCH) return std::unexpected(memory_error::gone);
  throw std::system_error(errno, std::generic_category(), "read " + path_of(pid_, name_));
}

}  // namespace farebench
