#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "farebench/memory_snapshot.hpp"

namespace farebench {

namespace {

std::string status_path(pid_t pid) { return "/proc/" + std::to_string(pid) + "/status"; }

}  // namespace

memory_reader::memory_reader(pid_t pid)
    : pid_(pid), descriptor_(::open(status_path(pid).c_str(), O_RDONLY | O_CLOEXEC)) {
  if (descriptor_ < 0 && errno != ENOENT && errno != ESRCH)
    throw std::system_error(errno, std::generic_category(), "open " + status_path(pid));
}

memory_reader::~memory_reader() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

memory_reader::memory_reader(memory_reader&& other) noexcept
    : pid_(other.pid_), descriptor_(std::exchange(other.descriptor_, -1)) {}

memory_reader& memory_reader::operator=(memory_reader&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

std::expected<memory_snapshot, memory_error> memory_reader::read() const {
  if (descriptor_ < 0) return std::unexpected(memory_error::gone);
  // The kernel makes the whole text anew for a read at 0; it has about 1.5 KB, more on a machine
  // with very many CPUs, whose masks come after every field that is wanted.
  std::array<char, 8192> text{};
  ssize_t size;
  do {
    size = ::pread(descriptor_, text.data(), text.size(), 0);
  } while (size < 0 && errno == EINTR);
  if (size >= 0) return parse_status({text.data(), static_cast<std::size_t>(size)});
  if (errno == ESRCH) return std::unexpected(memory_error::gone);
  throw std::system_error(errno, std::generic_category(), "read " + status_path(pid_));
}

std::expected<memory_snapshot, memory_error> read_memory_snapshot(pid_t pid) {
  return memory_reader(pid).read();
}

}  // namespace farebench
