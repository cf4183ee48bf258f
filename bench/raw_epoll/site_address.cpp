#include "bench/raw_epoll/site_address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <stdexcept>

namespace farebench {

site_address parse_site_address(std::string_view base_url) {
  constexpr std::string_view scheme = "http://";
  const auto refuse = [&] {
    return std::invalid_argument{
        fmt::format("'{}' is not a base URL that raw_epoll takes: write an IPv4 address and a port, such as "
                    "http://127.0.0.1:8080",
                    base_url)};
  };
  if (!base_url.starts_with(scheme)) throw refuse();
  const auto host = base_url.substr(scheme.size());
  const auto colon = host.find(':');
  if (colon == std::string_view::npos) throw refuse();

  std::uint16_t port = 0;
  const auto digits = host.substr(colon + 1);
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  site_address parsed{.socket_address = {}, .host = std::string{host}};
  parsed.socket_address.sin_family = AF_INET;
  parsed.socket_address.sin_port = htons(port);
  const std::string address{host.substr(0, colon)};
  if (fault != std::errc{} || end != digits.data() + digits.size() || port == 0 ||
      ::inet_pton(AF_INET, address.c_str(), &parsed.socket_address.sin_addr) != 1) {
    throw refuse();
  }
  return parsed;
}

}  // namespace farebench
