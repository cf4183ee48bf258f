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

/// A mock server in a process of its own, ready when the constructor returns and gone when the
/// destructor does. It can be killed and started again at the same port. Same thread rule as `child_process`.
class mock_server_process {
 public:
  struct options {
    latency_model latency = std::chrono::microseconds{0};  ///< to the microsecond
    std::uint64_t seed = default_latency_seed;             ///< of the latency's draws
    std::size_t page_kb = 3;
    engine_kind engine = engine_kind::cpp_httplib;
    std::string faults = {};                         ///< as --faults has them; the event engine's alone
    std::optional<std::uint32_t> faults_until = {};  ///< the last attempt that may meet one
    std::filesystem::path fault_log = {};            ///< appended to; empty: none
    std::filesystem::path executable = {};           ///< empty: `mock_server` beside the running program
    std::chrono::milliseconds start_deadline{10'000};
  };

  /// Throws std::system_error (cannot start) or std::runtime_error (not ready in time, or ended
  /// before it was ready; the message says which).
  explicit mock_server_process(const options& what);

  /// "http://127.0.0.1:PORT", without a trailing slash.
  const std::string& url() const;
  pid_t pid() const;

  /// Asks `GET /stats`. The connection that asks is itself counted under `connections_accepted`
  /// (one a call), its request under nothing. Throws std::runtime_error when the server does not answer.
  server_stats stats() const;

  /// Ends it; idempotent.
  void stop();
  /// Ends it at once (SIGKILL), whatever it is doing. Its port refuses connections, and nobody else's server
  /// gets it, until restart(). Throws std::system_error.
  void kill();
  /// Starts another in its place after kill() or stop(): the same options and port, so the same fares,
  /// latencies and faults, but none of the sessions. Throws as the constructor does; it can then be called
  /// again.
  void restart();

 private:
  void start(std::uint16_t port);
  std::uint16_t port() const;

  options what_;
  std::optional<child_process> process_;
  std::string url_;
  file_descriptor port_keeper_;  // between kill() and restart()
};

}  // namespace farebench
