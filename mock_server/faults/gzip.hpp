#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace farebench {

/// `bytes` in the gzip format (RFC 1952). Throws std::runtime_error for want of memory.
std::string gzip(std::string_view bytes);

/// A gzip file of zeros that is far smaller than what it holds, in parts so that it need not be in memory
/// whole: `start`, `block` so many `times`, `end`. Valid to the last byte, check sum included.
struct zero_bomb {
  std::string start;
  std::string block;
  std::uint64_t times;
  std::string end;

  std::uint64_t bytes() const { return start.size() + block.size() * times + end.size(); }
};

/// Of 2^doublings MiB.
zero_bomb make_zero_bomb(int doublings);
/// Of 4 GiB. Made once, in some milliseconds.
const zero_bomb& the_zero_bomb();
/// The bomb itself as a gzip file: some KiB. Made once.
const std::string& the_nested_zero_bomb();

}  // namespace farebench
