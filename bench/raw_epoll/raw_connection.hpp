#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "farebench/fare_scanner.hpp"
#include "lib/system/file_descriptor.hpp"

namespace farebench {

/// A worker of the floor: its kept connection and where its scrape is. Small, as there are W of them; what
/// only some need at a time is lent or allocated for as long.
struct raw_connection {
  enum class phase : std::uint8_t {
    idle,        ///< no query: not yet, or none are left
    connecting,  ///< the start page's request waits for the connection
    start_page,
    search,
  };

  file_descriptor socket;  ///< none until the first query, and after a failure
  phase now = phase::idle;
  bool has_begun = false;        ///< its first query
  bool in_body = false;          ///< of the present phase's response
  std::uint32_t index = 0;       ///< of the query
  std::uint32_t started_ms = 0;  ///< the present exchange, since the batch's start
  std::uint32_t body_left = 0;   ///< bytes
  std::string form;              ///< of the search, made with the query and sent once there is a session
  /// Present only when a response came in pieces: the head so far, or in the start page's body the session.
  std::unique_ptr<std::string> held;
  std::unique_ptr<fare_scanner> scanner;  ///< lent while the page of fares arrives
};

}  // namespace farebench
