#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "farebench/libcurl.hpp"
#include "farebench/native.hpp"
#include "farebench/transport.hpp"

// Transports that fares and soak offer.
namespace farebench {

/// The first is the default.
inline auto all_transports() { return std::array{&libcurl_transport(), &native_transport()}; }

/// Returns their names, in the same order.
inline std::vector<std::string> transport_names() {
  std::vector<std::string> names;
  for (const transport* const http : all_transports()) names.emplace_back(http->name());
  return names;
}

/// Returns nullptr for an unknown name.
inline const transport* find_transport(std::string_view name) {
  const auto all = all_transports();
  const auto found = std::ranges::find(all, name, &transport::name);
  return found == all.end() ? nullptr : *found;
}

}  // namespace farebench
