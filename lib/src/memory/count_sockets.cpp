#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <system_error>

#include "farebench/memory_snapshot.hpp"

namespace farebench {

namespace {

struct close_directory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

bool is_socket(int directory, const char* entry) {
  constexpr std::string_view wanted = "socket:[";
  std::array<char, wanted.size()> target{};  // as much as tells; readlink cuts the rest off
  const ssize_t size = ::readlinkat(directory, entry, target.data(), target.size());
  return size == static_cast<ssize_t>(target.size()) &&
         std::string_view(target.data(), target.size()) == wanted;
}

}  // namespace

std::expected<std::size_t, memory_error> count_sockets(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/fd";
  const auto ended = [] { return errno == ENOENT || errno == ESRCH; };
  const std::unique_ptr<DIR, close_directory> directory(::opendir(path.c_str()));
  if (!directory) {
    if (ended()) return std::unexpected(memory_error::gone);
    throw std::system_error(errno, std::generic_category(), "open " + path);
  }
  std::size_t sockets = 0;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (!entry) break;
    // A descriptor closed in the meantime is none.
    if (entry->d_name[0] != '.' && is_socket(::dirfd(directory.get()), entry->d_name)) ++sockets;
  }
  if (errno == 0) return sockets;
  if (ended()) return std::unexpected(memory_error::gone);
  throw std::system_error(errno, std::generic_category(), "read " + path);
}

}  // namespace farebench
