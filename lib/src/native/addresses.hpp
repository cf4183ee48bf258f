#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "farebench/fetch_error.hpp"

// Addresses of servers, for one thread.
namespace farebench {

/// IPv4 or IPv6 address and port.
class socket_address {
 public:
  /// Requires the family AF_INET or AF_INET6.
  explicit socket_address(const sockaddr& address);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6); }
  sa_family_t family() const { return storage_.sin6_family; }
  bool operator==(const socket_address& other) const;

 private:
  // Large enough for both families. The rest of an IPv4 address is zero.
  sockaddr_in6 storage_{};
};

/// Addresses of a host, at least one. Otherwise connect_failed, out_of_resources, or invalid_url for an
/// invalid address in brackets.
using lookup_result = std::expected<std::vector<socket_address>, fetch_error>;
/// Looks up a host; see look_up_addresses. Must be thread-safe. May throw std::bad_alloc.
using lookup_function = std::function<lookup_result(const std::string& host, int port)>;

/// Looks up the host of a URL by getaddrinfo and returns its addresses in that order. Blocks until the
/// system's resolver has responded or given up. A name is passed as it is: neither percent-encoded nor
/// international names (IDN) are converted. Thread-safe. Throws std::bad_alloc.
lookup_result look_up_addresses(const std::string& host, int port);

/// Reorders addresses for connection attempts: the families alternate, beginning with that of the first
/// address (RFC 8305, 4, with a First Address Family Count of one).
void interleave_families(std::vector<socket_address>& addresses);

/// Addresses to try in this order, at least one. A list does not change, so that a connection may step
/// through it while others are established.
using address_list = std::shared_ptr<const std::vector<socket_address>>;
/// Addresses to try, or the error of the lookup.
using address_result = std::expected<address_list, fetch_error>;

/// Remembers the addresses of hosts as long as it exists, or until there are a thousand or a connection fails;
/// failures are not remembered. Not thread-safe.
class address_cache {
 public:
  explicit address_cache(lookup_function look_up = look_up_addresses) : look_up_{std::move(look_up)} {}

  /// Returns the addresses of a known host or an IP literal, without blocking. Returns nullopt for other
  /// hosts, which must be looked up. Throws std::bad_alloc.
  std::optional<address_result> find(std::string_view host, int port);
  /// Returns the addresses of `find`, or looks them up in this thread and remembers them. Exhausted memory
  /// gives out_of_resources.
  address_result resolve(std::string_view host, int port) noexcept;
  /// Remembers the result of a lookup unless it has failed. Throws std::bad_alloc.
  address_result remember(std::string_view host, int port, lookup_result result);
  /// Puts an address to which a connection was established at the front of its host's list. Returns false if
  /// it is in no list or there is no memory.
  bool mark_working(std::string_view host, int port, const socket_address& address) noexcept;
  /// Forgets a host to which no connection was established: its name may have other addresses by now.
  void forget(std::string_view host, int port) noexcept;

  const lookup_function& look_up() const { return look_up_; }

 private:
  lookup_function look_up_;
  // Keys are "host:port".
  std::unordered_map<std::string, address_list> known_;
};

}  // namespace farebench
