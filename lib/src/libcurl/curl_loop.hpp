#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "async/loop_transport.hpp"

namespace farebench {

/// Function by which a loop waits for libcurl's sockets. The modes differ in cost only.
enum class curl_wait_mode : std::uint8_t {
  /// curl_multi_socket_action on epoll.
  socket_action,
  /// curl_multi_perform and curl_multi_poll.
  multi_poll,
};

/// Throws std::system_error naming the call that failed, or std::bad_alloc.
std::unique_ptr<loop_transport> create_curl_loop(std::size_t connections, curl_wait_mode mode);

}  // namespace farebench
