#pragma once

#include <cstdint>
#include <string>

namespace farebench {

/// Where a redirect leads, as seen from the URL whose answer it is.
enum class redirect_target : std::uint8_t {
  same_origin,   ///< the same scheme, host and port
  other_origin,  ///< other ones, by http or https
  not_http,      ///< to another scheme, or to nowhere that libcurl could read
};

/// `location`: the Location header's value, absolute or relative. Throws std::bad_alloc.
redirect_target where_leads(const std::string& from_url, const std::string& location);

}  // namespace farebench
