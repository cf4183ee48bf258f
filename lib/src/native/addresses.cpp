#include "native/addresses.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <new>
#include <system_error>
#include <utility>

namespace farebench {
namespace {

/// Maximum number of hosts that are remembered. Redirects could otherwise name any number.
constexpr std::size_t max_known_hosts = 1'000;

/// Built without fmt, whose buffer would touch a third page of a thread's stack.
std::string key_of(std::string_view host, int port) { return std::string{host} + ":" + std::to_string(port); }

bool is_bracketed(std::string_view host) { return host.starts_with('[') && host.ends_with(']'); }

bool is_out_of_resources(int code, int os_error) {
  return code == EAI_MEMORY || (code == EAI_SYSTEM && (os_error == EMFILE || os_error == ENFILE ||
                                                       os_error == ENOBUFS || os_error == ENOMEM));
}

/// Returns the address if the host is an IPv4 address in decimal. getaddrinfo, which reads it in other forms
/// too, would touch another page (4 KiB) of the stack of each thread.
std::optional<socket_address> ipv4_address(std::string_view host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET, std::string{host}.c_str(), &address.sin_addr) != 1) return std::nullopt;
  return socket_address{reinterpret_cast<const sockaddr&>(address)};
}

/// Result of getaddrinfo for the host of a URL, which must outlive it.
class address_info {
 public:
  address_info(std::string_view host, int port, int flags) : host_{host} {
    std::string node{host};
    addrinfo hints{};
    hints.ai_flags = flags | AI_NUMERICSERV;
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    if (is_bracketed(host)) {
      node = host.substr(1, host.size() - 2);
      hints.ai_flags |= AI_NUMERICHOST;
      hints.ai_family = AF_INET6;
    }
    code_ = ::getaddrinfo(node.c_str(), std::to_string(port).c_str(), &hints, &first_);
    errno_ = errno;
  }
  ~address_info() {
    if (first_ != nullptr) ::freeaddrinfo(first_);
  }
  address_info(const address_info&) = delete;
  address_info& operator=(const address_info&) = delete;

  int code() const { return code_; }

  lookup_result result() const {
    if (code_ != 0) return std::unexpected(error());
    std::vector<socket_address> addresses;
    for (const auto* info = first_; info != nullptr; info = info->ai_next) {
      if (info->ai_family == AF_INET || info->ai_family == AF_INET6) addresses.emplace_back(*info->ai_addr);
    }
    if (addresses.empty()) {
      return std::unexpected(
          fetch_error{fetch_error_kind::connect_failed, fmt::format("no IP address for {}", host_)});
    }
    return addresses;
  }

 private:
  fetch_error error() const {
    using enum fetch_error_kind;
    auto kind = is_bracketed(host_) ? invalid_url : connect_failed;
    if (is_out_of_resources(code_, errno_)) kind = out_of_resources;
    return {kind, fmt::format("no address for {}: {}", host_,
                              code_ == EAI_SYSTEM ? std::generic_category().message(errno_)
                                                  : std::string{::gai_strerror(code_)})};
  }

  std::string_view host_;
  int code_ = 0;
  int errno_ = 0;
  addrinfo* first_ = nullptr;
};

}  // namespace

socket_address::socket_address(const sockaddr& address) {
  std::memcpy(&storage_, &address, address.sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
}

bool socket_address::operator==(const socket_address& other) const {
  return std::memcmp(&storage_, &other.storage_, sizeof storage_) == 0;
}

lookup_result look_up_addresses(const std::string& host, int port) {
  return address_info{host, port, 0}.result();
}

void interleave_families(std::vector<socket_address>& addresses) {
  for (std::size_t i = 1; i < addresses.size(); ++i) {
    const auto place = std::next(addresses.begin(), static_cast<std::ptrdiff_t>(i));
    const auto last_family = addresses[i - 1].family();
    const auto other = std::find_if(place, addresses.end(), [&](const socket_address& address) {
      return address.family() != last_family;
    });
    if (other == addresses.end()) return;
    std::rotate(place, other, std::next(other));
  }
}

std::optional<address_result> address_cache::find(std::string_view host, int port) {
  if (const auto known = known_.find(key_of(host, port)); known != known_.end()) return known->second;
  if (const auto address = ipv4_address(host, port)) return remember(host, port, std::vector{*address});
  const address_info literal{host, port, AI_NUMERICHOST};
  if (literal.code() == EAI_NONAME && !is_bracketed(host)) return std::nullopt;
  return remember(host, port, literal.result());
}

address_result address_cache::resolve(std::string_view host, int port) noexcept {
  try {
    if (auto known = find(host, port)) return *std::move(known);
    return remember(host, port, look_up_(std::string{host}, port));
  } catch (const std::bad_alloc&) {
    return std::unexpected(fetch_error{fetch_error_kind::out_of_resources, "out of memory"});
  }
}

address_result address_cache::remember(std::string_view host, int port, lookup_result result) {
  if (!result) return std::unexpected(std::move(result).error());
  interleave_families(*result);
  address_list addresses = std::make_shared<const std::vector<socket_address>>(*std::move(result));
  if (known_.size() == max_known_hosts) known_.clear();
  known_.insert_or_assign(key_of(host, port), addresses);
  return addresses;
}

bool address_cache::mark_working(std::string_view host, int port, const socket_address& address) noexcept {
  try {
    const auto known = known_.find(key_of(host, port));
    if (known == known_.end()) return false;
    if (known->second->front() == address) return true;
    auto addresses = *known->second;
    const auto working = std::ranges::find(addresses, address);
    if (working == addresses.end()) return false;
    std::rotate(addresses.begin(), working, std::next(working));
    interleave_families(addresses);
    known->second = std::make_shared<const std::vector<socket_address>>(std::move(addresses));
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void address_cache::forget(std::string_view host, int port) noexcept {
  try {
    known_.erase(key_of(host, port));
  } catch (const std::bad_alloc&) {
    known_.clear();
  }
}

}  // namespace farebench
