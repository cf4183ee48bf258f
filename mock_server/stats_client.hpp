#pragma once

#include <string>

#include "mock_server/server_stats.hpp"

namespace farebench {

// Requests to the mock server at `url`, "http://HOST:PORT" without a trailing slash, with a timeout of 10 s.
// Each uses a new connection, which counts in `connections_accepted`. They throw std::runtime_error, one line
// that names the URL, if the response is missing or is not that of a mock server of this version. Any thread.

/// Requests `GET /stats`.
server_stats fetch_stats(const std::string& url);

/// Requests `DELETE /stats`: ends all sessions and resets the counters to those of a new server, after which
/// not even this connection counts.
void reset_stats(const std::string& url);

}  // namespace farebench
