#pragma once

#include <stdexcept>
#include <string>

#include "mock_server/server_stats.hpp"

namespace farebench {

/// A server has ended, or cannot be reached. The text is one line that names its URL.
class server_lost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Requests to the mock server at `url`, "http://HOST:PORT" without a trailing slash, with timeouts of 5 s for
// the connection and 8 s for the response: a network that is cut must be noticed within 10 s. Each uses a new
// connection, which counts in `connections_accepted` and `stats_connections`. They throw server_lost if there
// is no response, and std::runtime_error, one line that names the URL, if it is not that of a mock server of
// this version. Any thread.

/// Requests `GET /stats`.
server_stats fetch_stats(const std::string& url);

/// Requests `DELETE /stats`: ends all sessions and resets the counters to those of a new server, after which
/// not even this connection counts.
void reset_stats(const std::string& url);

}  // namespace farebench
