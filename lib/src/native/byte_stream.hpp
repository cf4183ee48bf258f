#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace farebench {

/// Bytes sent to and received from a server: those of a non-blocking socket, which it owns. TLS belongs here,
/// between these functions and the socket.
class byte_stream {
 public:
  byte_stream() = default;
  /// −1 for none.
  explicit byte_stream(int socket) : socket_{socket} {}

  int socket() const { return socket_; }
  bool is_open() const { return socket_ >= 0; }
  int release() { return std::exchange(socket_, -1); }

  /// Sends as much as the socket's buffer takes. Returns its size, or −1 and sets errno: EAGAIN if nothing
  /// fits, or if the connection is not yet established.
  ssize_t send(std::string_view bytes) {
    return uninterrupted([&] { return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL); });
  }
  /// Receives what has arrived, up to the buffer's size. Returns its size, 0 at the end of the stream, or −1
  /// and sets errno: EAGAIN if nothing has arrived.
  ssize_t receive(std::span<char> buffer) {
    return uninterrupted([&] { return ::recv(socket_, buffer.data(), buffer.size(), 0); });
  }
  /// Returns true if the stream is established and nothing has arrived, not even its end.
  bool is_quiet() const {
    char byte = 0;
    const auto received = uninterrupted([&] { return ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT); });
    return received < 0 && errno == EAGAIN;
  }

 private:
  /// Calls a function of the C library again while signals interrupt it.
  template <typename Call>
  static ssize_t uninterrupted(Call&& call) {
    ssize_t result = 0;
    do {
      result = call();
    } while (result < 0 && errno == EINTR);
    return result;
  }

  int socket_ = -1;
};

}  // namespace farebench
