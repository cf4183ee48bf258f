#include "libcurl/shared_http.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "libcurl/options.hpp"

namespace farebench {
namespace {

/// Returns the port of one end of a socket, read by getsockname or getpeername. Returns −1 if it is not an IP
/// socket or that end does not exist.
int port_of(int socket, int (*get_name)(int, sockaddr*, socklen_t*) noexcept) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (get_name(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return -1;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return -1;
}

int local_port_of(int socket) { return port_of(socket, &::getsockname); }

// libcurl's default is 16 KiB per transfer in flight. Up to 256 clients, 4 KiB costs no measurable time.
// libcurl's minimum of 1 KiB costs 11 % of the CPU time of a 94 KiB page. With thousands of clients the
// memory matters more; on 3 KiB pages the minimum costs no measurable time either.
constexpr std::size_t few_clients = 256;
constexpr long few_clients_buffer_bytes = 4096;
constexpr long many_clients_buffer_bytes = 1024;
// Since libcurl 8.7, the transfers of a multi handle share one buffer, so that its size costs no memory.
constexpr long shared_buffer_bytes = 16384;

long receive_buffer_bytes(std::size_t clients_in_thread, std::size_t clients_in_process) {
  if (clients_in_thread > 1 && libcurl_version() >= CURL_VERSION_BITS(8, 7, 0)) return shared_buffer_bytes;
  return clients_in_process <= few_clients ? few_clients_buffer_bytes : many_clients_buffer_bytes;
}

}  // namespace

kept_sockets::kept_sockets(std::size_t clients) {
  if (clients > 1) many_.resize(std::bit_ceil(2 * clients));
}

/// Returns the number of entries in which a port may be stored.
std::size_t kept_sockets::probe_limit() const {
  constexpr std::size_t max_probes = 64;
  return std::min(max_probes, size());
}

/// Returns an entry of the port's probe sequence. Uses Fibonacci hashing (Knuth, volume 3, 6.4), because the
/// kernel assigns ports in steps of two.
kept_sockets::entry& kept_sockets::at(int local_port, std::size_t step) {
  const std::uint32_t hash = static_cast<std::uint32_t>(local_port) * 0x9E3779B1u;
  const std::size_t index = ((hash >> 8) + step) & (size() - 1);
  return many_.empty() ? few_[index] : many_[index];
}

void kept_sockets::remember(int local_port, int socket) {
  const entry added{local_port, socket};
  for (std::size_t i = 0; i < probe_limit(); ++i) {
    entry& candidate = at(local_port, i);
    if (candidate.port == local_port || candidate.port == 0) {
      candidate = added;
      return;
    }
  }
  // No free entry: replaces one whose connection has been closed, or else the first.
  for (std::size_t i = 0; i < probe_limit(); ++i) {
    entry& candidate = at(local_port, i);
    if (candidate.socket == socket || local_port_of(candidate.socket) != candidate.port) {
      candidate = added;
      return;
    }
  }
  at(local_port, 0) = added;
}

int kept_sockets::find(int local_port) const {
  for (std::size_t i = 0; i < probe_limit(); ++i) {
    const entry& candidate = at(local_port, i);
    if (candidate.port == local_port) return candidate.socket;
    if (candidate.port == 0) break;
  }
  return -1;
}

bool has_unexpected_data(int socket, int local_port, int peer_port) {
  char byte = 0;
  const auto received = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  // A reset connection no longer has a peer whose port could be compared.
  if (received < 0 && errno == ECONNRESET) return true;
  return local_port_of(socket) == local_port && port_of(socket, &::getpeername) == peer_port;
}

shared_http::shared_http(std::size_t clients_in_thread, std::size_t clients_in_process)
    : receive_buffer_bytes_{receive_buffer_bytes(clients_in_thread, clients_in_process)},
      sockets_{clients_in_thread} {
  initialize_libcurl();
  // Without a share handle, each easy handle allocates 920 bytes for five TLS sessions, even for plain HTTP.
  // A single client uses less memory that way.
  if (clients_in_thread == 1) return;
  tls_sessions_.reset(curl_share_init());
  if (!tls_sessions_ ||
      curl_share_setopt(tls_sessions_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK) {
    throw std::system_error{std::make_error_code(std::errc::not_enough_memory), "curl_share_init"};
  }
}

void shared_http::configure(CURL* easy) {
  set_option(easy, CURLOPT_BUFFERSIZE, receive_buffer_bytes_);
  if (tls_sessions_) set_option(easy, CURLOPT_SHARE, tls_sessions_.get());
}

}  // namespace farebench
