#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "lib/system/child_process.hpp"
#include "lib/system/file_descriptor.hpp"
#include "mock_server/latency/latency_model.hpp"
#include "mock_server/server_stats.hpp"

namespace farebench {

/// A mock server in a child process: ready when the constructor returns, stopped by the destructor. It can be
/// killed and restarted on the same port. Bound to one thread, as `child_process` is.
class mock_server_process {
 public:
  struct options {
    /// Rounded to microseconds.
    latency_model latency = std::chrono::microseconds{0};
    /// Seed of latencies and faults.
    std::uint64_t seed = default_latency_seed;
    std::size_t page_kb = 3;
    engine_kind engine = default_engine;
    /// Threads of the cpp-httplib engine for client connections, at most max_httplib_connections.
    std::size_t connections = max_httplib_connections;
    /// Text of the flag --faults; requires the Beast engine.
    std::string faults = {};
    /// Last attempt that may meet a fault.
    std::optional<std::uint32_t> faults_until = {};
    /// File that the log is appended to; none if empty.
    std::filesystem::path fault_log = {};
    /// Defaults to `mock_server` beside the running program.
    std::filesystem::path executable = {};
    std::chrono::milliseconds start_deadline{10'000};
  };

  /// Throws std::system_error if the process cannot start, std::runtime_error if it ends or the deadline
  /// passes before it is ready.
  explicit mock_server_process(const options& settings);

  /// "http://127.0.0.1:PORT", without a trailing slash.
  const std::string& url() const;
  std::uint16_t port() const;
  pid_t pid() const;

  /// See fetch_stats.
  server_stats stats() const;

  /// Ends the server; idempotent.
  void stop();
  /// Ends the server at once (SIGKILL). Until restart() its port refuses connections and is reserved, so that
  /// no other server gets it. Throws std::system_error.
  void kill();
  /// Starts the server again after kill() or stop(), with the same options and port. Fares, latencies and
  /// faults are the same; sessions are gone. Throws as the constructor does; a failed call can be retried.
  void restart();

 private:
  void start(std::uint16_t port);

  options options_;
  std::optional<child_process> process_;
  std::string url_;
  // Reserves the port between kill() and restart().
  file_descriptor port_keeper_;
};

}  // namespace farebench
