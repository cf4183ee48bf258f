#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/system/file_descriptor.hpp"

namespace farebench {

/// A TCP connection to a port of 127.0.0.1, for requests that no HTTP library would send. Reads time out
/// after a minute. Throws std::system_error.
class raw_client {
 public:
  explicit raw_client(std::uint16_t port);

  void send(std::string_view bytes);
  /// What arrives up to `end`, with it; or all there is when the server closes first.
  std::string receive_until(std::string_view end);
  /// One response: its head, and its body of Content-Length bytes.
  std::string receive_response();
  /// All that arrives until the server closes.
  std::string receive_all();
  /// At least so many bytes of what arrives, or all there is when the server closes first.
  std::string receive_at_least(std::size_t bytes);
  /// So many bytes of what arrives, or all there is when the server closes first.
  std::string receive_exactly(std::size_t bytes);
  /// Whether something arrives, or the server closes, within that time.
  bool wait_readable(std::chrono::milliseconds patience) const;
  /// FIN; what the server sends still arrives.
  void close_sending();

  /// How the server ended the connection, once it has: true for RST, false for FIN.
  bool was_reset() const { return was_reset_; }

 private:
  bool receive_more();

  file_descriptor socket_;
  std::string received_;
  bool was_reset_ = false;
};

}  // namespace farebench
