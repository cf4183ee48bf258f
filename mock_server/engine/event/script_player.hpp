#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "mock_server/faults/fault_script.hpp"

namespace farebench {

/// Performs a fault's script on a socket that does not block, as far as it goes, and says what to wait for. A
/// piece that is sent again and again yields after each time, so that a client which takes all of it does not
/// keep the engine from others. Owned by its connection, on the engine's thread.
class script_player {
 public:
  explicit script_player(fault_script script);

  enum class next {
    when_writable,
    when_readable,
    at_its_moment,  ///< see moment()
    request,        ///< over, and the connection goes on
    nothing,        ///< over, and the connection with it
    refusal,        ///< go on at once, with no new connections for a while
  };
  /// What the client sends meanwhile is dropped into `scratch`.
  next perform(boost::asio::ip::tcp::socket& socket, std::span<char> scratch);

  std::chrono::steady_clock::time_point moment() const { return moment_; }

 private:
  using clock = std::chrono::steady_clock;

  next end(boost::asio::ip::tcp::socket& socket, std::span<char> scratch);
  next hold(boost::asio::ip::tcp::socket& socket, std::span<char> scratch);
  next reset(boost::asio::ip::tcp::socket& socket);

  fault_script script_;
  std::size_t piece_ = 0;
  std::uint64_t times_sent_ = 0;
  std::size_t sent_bytes_ = 0;  // of the piece, this time
  clock::time_point moment_;
  clock::time_point reset_at_latest_ = clock::time_point::max();
};

}  // namespace farebench
