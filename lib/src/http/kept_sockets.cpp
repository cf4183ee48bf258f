#include "http/kept_sockets.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>

namespace farebench {
namespace {

/// The port of an end of a socket, by getsockname or getpeername; −1 of what is no IP socket with such an
/// end.
int port_of(int socket, int (*name_of)(int, sockaddr*, socklen_t*) noexcept) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (name_of(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return -1;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return -1;
}

int local_port_of(int socket) { return port_of(socket, &::getsockname); }

}  // namespace

kept_sockets::kept_sockets(std::size_t clients) {
  if (clients > 1) many_.resize(std::bit_ceil(2 * clients));
}

/// How far to look, at most.
std::size_t kept_sockets::run() const {
  constexpr std::size_t longest = 64;
  return std::min(longest, size());
}

/// Fibonacci hashing (Knuth, volume 3, 6.4): the kernel gives ports out in steps of two.
kept_sockets::slot& kept_sockets::at(int local_port, std::size_t step) {
  const std::uint32_t mixed = static_cast<std::uint32_t>(local_port) * 0x9E3779B1u;
  const std::size_t position = ((mixed >> 8) + step) & (size() - 1);
  return many_.empty() ? few_[position] : many_[position];
}

void kept_sockets::remember(int local_port, int socket) {
  slot* place = nullptr;
  for (std::size_t i = 0; i < run() && place == nullptr; ++i) {
    slot& one = at(local_port, i);
    if (one.port == local_port || one.port == 0) place = &one;
  }
  // All are taken: by connections that are gone by now, some of them.
  for (std::size_t i = 0; i < run() && place == nullptr; ++i) {
    slot& one = at(local_port, i);
    if (one.socket == socket || local_port_of(one.socket) != one.port) place = &one;
  }
  (place == nullptr ? at(local_port, 0) : *place) = {local_port, socket};
}

int kept_sockets::find(int local_port) const {
  for (std::size_t i = 0; i < run(); ++i) {
    const slot& one = at(local_port, i);
    if (one.port == local_port) return one.socket;
    if (one.port == 0) break;
  }
  return -1;
}

bool holds_unasked(int socket, int local_port, int peer_port) {
  char byte = 0;
  const auto got = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  // A connection that was reset has no peer any more.
  if (got < 0 && errno == ECONNRESET) return true;
  return local_port_of(socket) == local_port && port_of(socket, &::getpeername) == peer_port;
}

}  // namespace farebench
