#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/system/file_descriptor.hpp"

namespace farebench {

/// A TCP connection to a port of 127.0.0.1, for requests that no HTTP library would send. Its calls wait up
/// to a minute for bytes. Throws std::system_error.
class raw_client {
 public:
  explicit raw_client(std::uint16_t port);

  void send(std::string_view bytes);

  // Each returns all remaining bytes if the server closes first.

  /// Receives up to and including `end`.
  std::string receive_until(std::string_view end);
  /// Receives one response: its head, and a body of Content-Length bytes.
  std::string receive_response();
  /// Receives until the server closes.
  std::string receive_all();
  std::string receive_at_least(std::size_t bytes);
  std::string receive_exactly(std::size_t bytes);

  /// Returns true if bytes arrive or the server closes within that time.
  bool wait_readable(std::chrono::milliseconds timeout) const;
  /// Sends FIN; more can be received.
  void close_sending();

  /// True if the server ended the connection with RST.
  bool was_reset() const { return was_reset_; }

 private:
  /// Returns false if the server has closed.
  bool receive_more();
  std::string take(std::size_t bytes);

  file_descriptor socket_;
  std::string received_;
  bool was_reset_ = false;
};

}  // namespace farebench
