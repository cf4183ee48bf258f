#pragma once

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <forward_list>
#include <memory>
#include <optional>
#include <string>

#include "farebench/fetch_limits.hpp"
#include "http/kept_sockets.hpp"

namespace farebench {

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
