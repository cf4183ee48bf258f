#include "http/shared_http.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <new>
#include <system_error>

#include "http/libcurl.hpp"

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

namespace {

// libcurl's own is 16 KiB for each transfer in flight. With few of them 4 KiB cost no time that shows; less
// does, 11 % of the CPU time of a 94 KiB page at 1 KiB, the least that libcurl takes. With thousands memory
// counts for more, and on pages of 3 KiB the smallest costs nothing that shows.
constexpr std::size_t few_clients = 256;
constexpr long few_clients_buffer_bytes = 4096;
constexpr long many_clients_buffer_bytes = 1024;

}  // namespace

shared_http::shared_http(std::size_t clients, std::size_t clients_in_all)
    : receive_buffer_bytes_{clients_in_all <= few_clients ? few_clients_buffer_bytes
                                                          : many_clients_buffer_bytes},
      sockets_{clients} {
  ensure_http_library();
  // Without it each handle makes room for five TLS sessions, 920 bytes, even where it speaks plain HTTP; that
  // is less than what it costs to share.
  if (clients == 1) return;
  tls_sessions_.reset(curl_share_init());
  if (!tls_sessions_ ||
      curl_share_setopt(tls_sessions_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK) {
    throw std::system_error{std::make_error_code(std::errc::not_enough_memory), "curl_share_init"};
  }
}

const fetch_limits& shared_http::keep(const fetch_limits& limits) {
  if (!first_limits_) first_limits_ = limits;
  if (*first_limits_ == limits) return *first_limits_;
  const auto kept = std::ranges::find(further_limits_, limits);
  return kept != further_limits_.end() ? *kept : further_limits_.emplace_front(limits);
}

void shared_http::share_with(CURL* easy) {
  set_option(easy, CURLOPT_BUFFERSIZE, receive_buffer_bytes_);
  set_option(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  if (tls_sessions_) set_option(easy, CURLOPT_SHARE, tls_sessions_.get());
}

std::string shared_http::take_error_text() noexcept {
  std::string text;
  try {
    text = error_text_.data();
  } catch (const std::bad_alloc&) {
    text.clear();  // then there is none
  }
  error_text_[0] = '\0';
  return text;
}

}  // namespace farebench
