#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "lib/system/file_descriptor.hpp"
#include "mock_server/server_stats.hpp"

// A mock server that runs elsewhere: bench --server. Its URL is "http://HOST:PORT" without a trailing slash.

namespace farebench {

/// Requests the settings of the server. Throws flag_error if a loopback address leads to another network,
/// and otherwise as fetch_stats().
server_stats fetch_settings(const std::string& url);

/// Detects that a server has ended or that the network to it is cut, while a client waits for its responses.
///
/// Holds an idle connection, which the kernels probe each second (SO_KEEPALIVE in socket(7)). It takes no CPU
/// time from the client, and the server receives no request. Not thread-safe.
class server_watch {
 public:
  /// Time without a sign of the server after which it is lost.
  static constexpr std::chrono::seconds limit{5};

  /// Connects within the limit. Throws server_lost if it cannot.
  explicit server_watch(std::string url);

  /// Throws server_lost if the server is lost. A connection that the server closed is opened again, which
  /// distinguishes an ended server from one that closes idle connections. Does not block.
  void check();

  /// Waits until check() has opened its connection again, so that connections() counts each one that the
  /// server has accepted. Throws server_lost if that takes longer than the limit.
  void finish_connecting();

  /// Number of connections that were opened since the last reset_count(), including the first one.
  std::uint64_t connections() const { return connections_; }
  void reset_count() { connections_ = 0; }

 private:
  using clock = std::chrono::steady_clock;

  void begin_connecting();
  void end_connecting();
  [[noreturn]] void fail(const std::string& reason) const;

  const std::string url_;
  sockaddr_storage address_{};
  socklen_t address_size_ = 0;
  file_descriptor socket_;
  bool is_connecting_ = false;
  clock::time_point connecting_deadline_;
  std::uint64_t connections_ = 0;
};

}  // namespace farebench
