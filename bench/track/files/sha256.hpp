#pragma once

#include <string>
#include <string_view>

namespace farebench::track {

/// SHA-256 (FIPS 180-4) as 64 hex digits.
std::string sha256(std::string_view bytes);

}  // namespace farebench::track
