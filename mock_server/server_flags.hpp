#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "mock_server/engines/server_engine.hpp"
#include "mock_server/faults/fault_injection.hpp"
#include "mock_server/server_stats.hpp"

namespace farebench {

/// The command line of `mock_server`.
struct server_flags {
  std::string host = "127.0.0.1";
  /// Set only when host is not a loopback address.
  bool listen_publicly = false;
  std::uint16_t port = 0;
  engine_kind engine = default_engine;
  /// See engine_options::connections.
  std::size_t connections = max_httplib_connections;
  response_latency latency;
  std::size_t page_kb = 3;
  /// Set only with the Beast engine.
  std::optional<fault_settings> faults;
};

/// Text to print before the program exits, without its last newline.
struct server_exit {
  /// 0: --help, --version or --build-report, for standard output. 2: invalid flags, one line for standard
  /// error.
  int code;
  std::string text;
};

std::variant<server_flags, server_exit> read_server_flags(int argc, const char* const* argv);

}  // namespace farebench
