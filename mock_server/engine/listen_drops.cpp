#include "mock_server/engine/listen_drops.hpp"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace farebench {

std::uint64_t listen_drops(int listening_socket) {
  std::array<std::uint32_t, SK_MEMINFO_VARS> counters{};
  socklen_t size = sizeof counters;
  if (::getsockopt(listening_socket, SOL_SOCKET, SO_MEMINFO, counters.data(), &size) != 0) {
    throw std::system_error(errno, std::generic_category(), "getsockopt SO_MEMINFO");
  }
  return counters[SK_MEMINFO_DROPS];
}

}  // namespace farebench
