#include "bench/server_elsewhere.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/types.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "bench/flags.hpp"
#include "lib/system/host_identity.hpp"
#include "mock_server/stats_client.hpp"

namespace farebench {
namespace {

struct socket_address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

/// Resolves the host of a URL. Returns no address if that fails.
std::vector<socket_address> addresses_of(const std::string& url) {
  std::string host = url.substr(std::string_view{"http://"}.size());
  std::string port = "80";
  // The last colon of [::1] is part of the address.
  if (const auto colon = host.rfind(':');
      colon != std::string::npos && host.find(']', colon) == std::string::npos) {
    port = host.substr(colon + 1);
    host.resize(colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &first) != 0) return {};
  std::vector<socket_address> addresses;
  for (const addrinfo* each = first; each != nullptr; each = each->ai_next) {
    auto& address = addresses.emplace_back();
    address.size = each->ai_addrlen;
    std::memcpy(&address.bytes, each->ai_addr, each->ai_addrlen);
  }
  ::freeaddrinfo(first);
  return addresses;
}

bool is_loopback(const socket_address& address) {
  if (address.bytes.ss_family == AF_INET) {
    sockaddr_in ip4{};
    std::memcpy(&ip4, &address.bytes, sizeof ip4);
    return ntohl(ip4.sin_addr.s_addr) >> 24 == 127;
  }
  sockaddr_in6 ip6{};
  std::memcpy(&ip6, &address.bytes, sizeof ip6);
  return address.bytes.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&ip6.sin6_addr);
}

std::string error_text(int error) { return std::generic_category().message(error); }

}  // namespace

server_stats fetch_settings(const std::string& url) {
  const bool is_local = std::ranges::any_of(addresses_of(url), is_loopback);
  try {
    auto settings = fetch_stats(url);
    const auto here = network_id();
    if (is_local && !here.empty() && !settings.network.empty() && settings.network != here) {
      throw flag_error{fmt::format(
          "--server {}: the server runs on another host, which a loopback address reaches through a "
          "forwarder "
          "(an SSH tunnel, kubectl port-forward) that would be measured too; write the server's own address",
          url)};
    }
    return settings;
  } catch (const server_lost& error) {
    if (!is_local) throw;
    throw server_lost{
        fmt::format("{} A loopback address is this host; on another host, start mock_server --host ADDRESS "
                    "--listen-publicly and write --server http://ADDRESS:PORT",
                    error.what())};
  }
}

server_watch::server_watch(std::string url) : url_{std::move(url)} {
  std::string reason = "its name cannot be resolved";
  for (const auto& address : addresses_of(url_)) {
    address_ = address.bytes;
    address_size_ = address.size;
    try {
      begin_connecting();
      finish_connecting();
      return;
    } catch (const server_lost& error) {
      reason = error.what();
    }
  }
  throw server_lost{reason};
}

void server_watch::begin_connecting() {
  socket_ = checked_descriptor(::socket(address_.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
                               "socket");
  const auto set = [&](int level, int option, int value) {
    if (::setsockopt(socket_.get(), level, option, &value, sizeof value) != 0)
      throw_system_error("setsockopt for keep-alive probes");
  };
  // The first probe after a second of silence, then one per second. The connection ends a second after the
  // last one.
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 1);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 1);
  set(IPPROTO_TCP, TCP_KEEPCNT, static_cast<int>(limit.count()) - 1);
  is_connecting_ = true;
  connecting_deadline_ = clock::now() + limit;
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address_), address_size_) != 0 &&
      errno != EINPROGRESS)
    fail("cannot be connected to: " + error_text(errno));
}

void server_watch::end_connecting() {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0)
    throw_system_error("getsockopt SO_ERROR");
  if (error != 0) fail("cannot be connected to: " + error_text(error));
  is_connecting_ = false;
  ++connections_;
}

void server_watch::finish_connecting() {
  while (is_connecting_) {
    pollfd event{.fd = socket_.get(), .events = POLLOUT, .revents = 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(connecting_deadline_ - clock::now());
    ::poll(&event, 1, std::max(0, static_cast<int>(left.count())));
    check();
  }
}

void server_watch::check() {
  const short awaited = is_connecting_ ? POLLOUT : POLLIN;
  pollfd event{.fd = socket_.get(), .events = awaited, .revents = 0};
  if (::poll(&event, 1, 0) <= 0) {
    if (is_connecting_ && clock::now() >= connecting_deadline_)
      fail("cannot be connected to: " + error_text(ETIMEDOUT));
    return;
  }
  if (is_connecting_) return end_connecting();
  std::array<char, 256> unexpected;
  const auto count = ::recv(socket_.get(), unexpected.data(), unexpected.size(), 0);
  if (count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))) return;
  if (count < 0 && errno != ECONNRESET) {
    fail(fmt::format("has not responded for {} s{}", limit.count(),
                     errno == ETIMEDOUT ? "" : fmt::format(" ({})", error_text(errno))));
  }
  begin_connecting();
}

void server_watch::fail(const std::string& reason) const {
  throw server_lost{fmt::format("server lost: {} {}", url_, reason)};
}

}  // namespace farebench
