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

/// What the command line of `mock_server` asks for.
struct server_flags {
  std::string host = "127.0.0.1";
  bool listen_publicly = false;  ///< set only when host is not a loopback address
  std::uint16_t port = 0;
  engine_kind engine = engine_kind::cpp_httplib;
  response_latency latency;
  std::size_t page_kb = 3;
  std::optional<fault_settings> faults;  ///< set only with the event engine
};

/// The command line asked for a text (--help, --version) or was refused: print it and end.
struct server_end {
  int exit_code;     ///< 0: text to standard output; 2: a refusal, one line to standard error
  std::string text;  ///< without its last newline
};

std::variant<server_flags, server_end> read_server_flags(int argc, const char* const* argv);

}  // namespace farebench
