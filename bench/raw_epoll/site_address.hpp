#pragma once

#include <netinet/in.h>

#include <string>
#include <string_view>

namespace farebench {

/// Where a site listens, as the floor takes it: no names, no TLS.
struct site_address {
  sockaddr_in socket_address;
  std::string host;  ///< "127.0.0.1:8080", for the Host header
};

/// From "http://127.0.0.1:8080"; std::invalid_argument, in one line, for anything else.
site_address parse_site_address(std::string_view base_url);

}  // namespace farebench
