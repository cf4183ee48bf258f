#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

namespace farebench {

/// What the command line of `mock_server` asks for.
struct server_flags {
  std::string host = "127.0.0.1";
  bool listen_publicly = false;  ///< set only when host is not a loopback address
  std::uint16_t port = 0;
  std::chrono::microseconds latency{0};
  std::size_t page_kb = 3;
};

/// The command line asked for a text (--help, --version) or was refused: print it and end.
struct server_end {
  int exit_code;     ///< 0: text to standard output; 2: a refusal, one line to standard error
  std::string text;  ///< without its last newline
};

std::variant<server_flags, server_end> read_server_flags(int argc, const char* const* argv);

}  // namespace farebench
