#pragma once

#include <cstdint>

namespace farebench {

/// How many connection attempts the kernel has dropped at this listening socket, above all because its
/// queue was full (SO_MEMINFO's SK_MEMINFO_DROPS; Linux ≥ 4.12). Throws std::system_error.
std::uint64_t listen_drops(int listening_socket);

}  // namespace farebench
