#pragma once

#include <cstdint>
#include <string_view>

namespace farebench {

/// FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/). `state` is the hash of the bytes before
/// `bytes`. Unlike std::hash, it is the same on every platform.
constexpr std::uint64_t fnv1a_64(std::string_view bytes, std::uint64_t state = 0xcbf29ce484222325u) {
  for (const char c : bytes) {
    state ^= static_cast<unsigned char>(c);
    state *= 0x100000001b3u;
  }
  return state;
}

}  // namespace farebench
