#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mock_server/faults/fault_plan.hpp"
#include "mock_server/site/site.hpp"

namespace farebench {

/// What a connection does in place of sending an answer: bytes, some of them again and again, and then an
/// end. So little of it is held in memory, however much is sent. A value; the engine performs it.
struct fault_script {
  static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

  struct chunk {
    std::string bytes;
    std::uint64_t times = 1;
    std::chrono::milliseconds pause{0};  ///< before each time but the first
  };
  enum class action {
    keep_open,  ///< as after any answer
    close,      ///< FIN
    reset,      ///< RST, once the client's kernel has all the bytes
    hold,       ///< nothing more, until the client goes
    refuse,     ///< no new connections for a while, and RST
  };

  int status = 0;  ///< of the first status line that ends the exchange; 0: none is sent whole
  std::vector<chunk> chunks = {};
  action final_action = action::close;
};

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
const zero_bomb& large_zero_bomb();
/// The bomb itself as a gzip file: some KiB. Made once.
const std::string& nested_zero_bomb();

/// The script with which a fault spoils how `answer` is sent. Nothing for a fault that spoils what it says
/// (see alter_response). A pure function.
std::optional<fault_script> make_script(fault_kind kind, const site_response& answer);

// Each for its kinds, and nothing for others.

/// What becomes of the connection: resets, closes, silence, bytes that dribble.
std::optional<fault_script> make_connection_script(fault_kind kind, const site_response& answer);
/// Where the answer ends, and what is said of it: lengths, chunks, versions.
std::optional<fault_script> make_framing_script(fault_kind kind, const site_response& answer);
/// More than anyone should take: floods and bombs.
std::optional<fault_script> make_flood_script(fault_kind kind, const site_response& answer);

/// Where a page can be cut so that what is before reads as a whole page with fewer fares: between two rows,
/// or, if it has none, at half.
std::size_t cut_position(std::string_view page);

}  // namespace farebench
