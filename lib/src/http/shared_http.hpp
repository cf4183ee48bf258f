#pragma once

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "farebench/fetch_policy.hpp"

namespace farebench {

/// Which socket a connection has, by its local port: the one thing that libcurl tells of a connection before
/// a request goes out on it, but for CURLINFO_ACTIVESOCKET, which walks all connections of a multi handle.
///
/// It holds about twice as many as there are clients, in room that it takes once. It is not told when a
/// connection is closed: what it says of a port may be of one that is gone (holds_unasked looks). One
/// thread's.
class kept_sockets {
 public:
  explicit kept_sockets(std::size_t clients);

  void remember(int local_port, int socket);
  /// −1: not known.
  int find(int local_port) const;

 private:
  struct slot {
    int port = 0;  // none
    int socket = -1;
  };

  std::size_t size() const { return many_.empty() ? few_.size() : many_.size(); }
  std::size_t run() const;
  slot& at(int local_port, std::size_t step);
  const slot& at(int local_port, std::size_t step) const {
    return const_cast<kept_sockets*>(this)->at(local_port, step);
  }

  // Open addressing: a port is in one of the slots from its own on, with none empty before it.
  std::array<slot, 8> few_{};  // of one client; more have `many_`
  std::vector<slot> many_;
};

/// Whether anything has come on a connection that has just been chosen for a request: bytes, which can be no
/// answer to it, or its end. False where the socket is another's by now.
bool holds_unasked(int socket, int local_port, int peer_port);

/// What the clients of one thread share, so that each of thousands need not hold its own. Outlives them.
class shared_http {
 public:
  /// `clients`: how many there will be in this thread, and in the whole process at once. Throws
  /// std::system_error when libcurl has no memory.
  shared_http(std::size_t clients, std::size_t clients_in_all);

  /// A copy of the limits that lasts as long as this: one for all clients that have the same ones.
  const fetch_limits& keep(const fetch_limits& limits);
  /// Sets an easy handle up to use it.
  void share_with(CURL* easy);
  /// What libcurl has written of a failure since the last call; empty when nothing, or without memory for it.
  std::string take_error_text() noexcept;
  /// The connections of its clients.
  kept_sockets& sockets() { return sockets_; }

 private:
  struct cleanup {
    void operator()(CURLSH* share) const { curl_share_cleanup(share); }
  };

  const long receive_buffer_bytes_;
  // Nearly always there is one.
  std::optional<fetch_limits> first_limits_;
  std::forward_list<fetch_limits> further_limits_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  kept_sockets sockets_;
  std::unique_ptr<CURLSH, cleanup> tls_sessions_;  // null where there is one client
};

}  // namespace farebench
