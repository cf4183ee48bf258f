#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>

namespace farebench {

/// One port behind several listening sockets, among which the kernel spreads the connections (SO_REUSEPORT).
/// One socket's queue ends at net.core.somaxconn, 4,096 by default, and what it has no room for is dropped
/// until the client's kernel tries again a second later: a wave of 10,000 connections, which come faster than
/// one thread accepts them, lost up to 3,900. The event engine's thread's.
class listen_queues {
 public:
  using acceptor = boost::asio::ip::tcp::acceptor;

  explicit listen_queues(boost::asio::io_context& loop)
      : all_{acceptor{loop}, acceptor{loop}, acceptor{loop}, acceptor{loop}} {}

  /// Listens at that port, or at a free one for 0, which no other process listens at; the port. Once. Throws
  /// std::system_error naming the call.
  std::uint16_t open(const std::string& host, std::uint16_t port);
  /// Refuses connections (those in the queues are reset) but keeps the port, until listen_again(). Cancels
  /// what waits for connections.
  void stop_listening();
  /// False when the port cannot be had again; then ask once more later.
  bool listen_again();
  void close();

  auto begin() { return all_.begin(); }
  auto end() { return all_.end(); }

 private:
  std::array<acceptor, 4> all_;
  boost::asio::ip::tcp::endpoint address_;
};

}  // namespace farebench
