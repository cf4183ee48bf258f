#pragma once

#include <string>
#include <vector>

#include "native/addresses.hpp"

// Shared by the tests of addresses and of the resolver.
namespace farebench {

/// Returns the address of an IP literal, with port 80.
inline socket_address address_of(const std::string& literal) {
  return look_up_addresses(literal, 80).value().front();
}

inline std::vector<socket_address> addresses_of(const std::vector<std::string>& literals) {
  std::vector<socket_address> addresses;
  addresses.reserve(literals.size());
  for (const auto& literal : literals) addresses.push_back(address_of(literal));
  return addresses;
}

}  // namespace farebench
