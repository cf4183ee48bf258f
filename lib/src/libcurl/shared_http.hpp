#pragma once

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "farebench/fetch_policy.hpp"
#include "http/interned_limits.hpp"

namespace farebench {

/// Maps a connection's local port to its socket. The ports are all that libcurl reports of the connection
/// that it has chosen for a request; CURLINFO_ACTIVESOCKET would walk all connections of a multi handle.
///
/// Holds about twice as many entries as there are clients, allocated once. The entry of a closed connection
/// stays until it is overwritten; has_unexpected_data detects such an entry. Not thread-safe.
class kept_sockets {
 public:
  explicit kept_sockets(std::size_t clients);

  void remember(int local_port, int socket);
  /// Returns −1 if there is no entry for the port.
  int find(int local_port) const;

 private:
  struct entry {
    // Zero if the entry is empty.
    int port = 0;
    int socket = -1;
  };

  std::size_t size() const { return many_.empty() ? few_.size() : many_.size(); }
  std::size_t probe_limit() const;
  entry& at(int local_port, std::size_t step);
  const entry& at(int local_port, std::size_t step) const {
    return const_cast<kept_sockets*>(this)->at(local_port, step);
  }

  // Open addressing with linear probing. A single client uses few_, several use many_.
  std::array<entry, 8> few_{};
  std::vector<entry> many_;
};

/// Returns true if the idle connection has received bytes, its end or a reset, so that a request sent on it
/// would read a wrong response. Returns false if `socket` no longer belongs to these ports.
bool has_unexpected_data(int socket, int local_port, int peer_port);

/// HTTP state shared by all clients of one thread, so that each of thousands does not hold a copy. Outlives
/// its clients. Not thread-safe.
class shared_http {
 public:
  /// Numbers of clients in this thread and in the whole process. Throws std::system_error or std::bad_alloc
  /// if there is no memory.
  shared_http(std::size_t clients_in_thread, std::size_t clients_in_process);

  const fetch_limits& intern(const fetch_limits& limits) { return limits_.intern(limits); }
  /// Sets the options of an easy handle that refer to the shared state.
  void configure(CURL* easy);
  kept_sockets& sockets() { return sockets_; }

 private:
  struct cleanup {
    void operator()(CURLSH* share) const { curl_share_cleanup(share); }
  };

  const long receive_buffer_bytes_;
  interned_limits limits_;
  kept_sockets sockets_;
  // Null for a single client.
  std::unique_ptr<CURLSH, cleanup> tls_sessions_;
};

}  // namespace farebench
