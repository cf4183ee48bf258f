#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace farebench {

/// What a connection does in place of sending an answer: bytes, some of them again and again, and then an
/// end. So little of it is held in memory, however much is sent. A value; the engine performs it.
struct fault_script {
  static constexpr std::uint64_t for_ever = std::numeric_limits<std::uint64_t>::max();

  struct piece {
    std::string bytes;
    std::uint64_t times = 1;
    std::chrono::milliseconds pause{0};  ///< before each time but the first
  };
  enum class ending {
    keep,    ///< as after any answer
    close,   ///< FIN
    reset,   ///< RST, once the client's kernel has all the bytes
    hold,    ///< nothing more, until the client goes
    refuse,  ///< no new connections for a while, and RST
  };

  int status = 0;  ///< of the first status line that ends the exchange; 0: none is sent whole
  std::vector<piece> pieces = {};
  ending then = ending::close;
};

}  // namespace farebench
