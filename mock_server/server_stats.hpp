#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace farebench {

/// HTTP server of the site: cpp-httplib with one thread per connection, or Boost.Asio and Beast with one
/// thread for all connections.
enum class engine_kind { cpp_httplib, beast };

inline constexpr std::array engine_kinds{engine_kind::cpp_httplib, engine_kind::beast};

/// Beast: docs/engines.md has the figures that decided it.
inline constexpr engine_kind default_engine = engine_kind::beast;
/// Maximum number of simultaneous connections of the cpp-httplib engine, which uses one thread for each.
inline constexpr std::size_t max_httplib_connections = 256;

/// Returns the name in flags and results: "cpp-httplib" or "beast".
constexpr std::string_view to_string(engine_kind kind) {
  return kind == engine_kind::beast ? "beast" : "cpp-httplib";
}

/// Returns nullopt for an unknown name.
constexpr std::optional<engine_kind> parse_engine_kind(std::string_view name) {
  for (const engine_kind kind : engine_kinds) {
    if (to_string(kind) == name) return kind;
  }
  return std::nullopt;
}

/// Settings and counters that the mock server reports at `GET /stats`. The counters show whether the server
/// limited a run.
struct server_stats {
  // Settings, as in the server's flags.

  /// A name of engine_kind.
  std::string engine = {};
  /// See format_latency.
  std::string latency = {};
  /// Of latencies and faults.
  std::uint64_t seed = 0;
  std::uint64_t page_kb = 0;
  /// See format_faults; empty without faults.
  std::string faults = {};
  /// network_id() of the server. Empty if it is unknown, as at older servers.
  std::string network = {};

  // Counters.

  /// Completed requests, without those for /stats.
  std::uint64_t requests = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t in_flight_peak = 0;
  /// Number of distinct items that were requested: dates of searches, and numbers of pages.
  std::uint64_t items = 0;
  /// Number of sessions that were started.
  std::uint64_t sessions = 0;
  /// Number of distinct sessions of searches.
  std::uint64_t search_sessions = 0;
  /// Includes the connections that requested /stats.
  std::uint64_t connections_accepted = 0;
  /// Those of them that requested /stats. 1 at older servers, which do not count them: the connection of the
  /// request itself.
  std::uint64_t stats_connections = 0;
  /// Connections that the kernel dropped because the queue of a listening socket was full.
  std::uint64_t listen_drops = 0;
  /// Lateness of responses: time of the write, minus time of arrival, minus latency. 0 before the first.
  double late_p50_ms = 0;
  double late_p99_ms = 0;
  double late_max_ms = 0;

  bool operator==(const server_stats&) const = default;
};

/// Returns the JSON object of /stats. Its members have the names above.
std::string to_json(const server_stats& stats);
/// Ignores unknown members. Throws std::runtime_error naming the member that has another type or is missing,
/// as some are at older servers; `network` and `stats_connections` may be missing.
server_stats parse_server_stats(std::string_view json);

}  // namespace farebench
