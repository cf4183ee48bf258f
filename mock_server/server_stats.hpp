#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace farebench {

/// What serves the site over HTTP: cpp-httplib with a thread a connection, or Boost.Asio and Beast with one
/// thread for all of them.
enum class engine_kind { cpp_httplib, beast };

inline constexpr std::array engine_kinds{engine_kind::cpp_httplib, engine_kind::beast};

/// As flags spell it and results name it: "cpp-httplib", "beast".
constexpr std::string_view to_string(engine_kind kind) {
  return kind == engine_kind::beast ? "beast" : "cpp-httplib";
}

constexpr std::optional<engine_kind> parse_engine_kind(std::string_view name) {
  for (const engine_kind kind : engine_kinds) {
    if (to_string(kind) == name) return kind;
  }
  return std::nullopt;
}

/// What the mock server tells of itself at `GET /stats`: the evidence that it was not what limited a run.
struct server_stats {
  std::string engine;                      ///< as engine_kind.hpp names it
  std::uint64_t requests = 0;              ///< answered, without those for /stats
  std::uint64_t in_flight = 0;             ///< being answered now
  std::uint64_t in_flight_peak = 0;        ///< the most at any moment
  std::uint64_t sessions = 0;              ///< handed out
  std::uint64_t connections_accepted = 0;  ///< with those that asked for /stats
  std::uint64_t listen_drops = 0;          ///< connections that the kernel dropped off the listen queue
  /// How much later than asked a response left (written to the socket, minus arrival + latency); 0 before
  /// any.
  double late_p50_ms = 0;
  double late_p99_ms = 0;
  double late_max_ms = 0;

  bool operator==(const server_stats&) const = default;
};

/// As the JSON object of /stats, members named as above.
std::string to_json(const server_stats& stats);
/// Throws std::runtime_error that names the member which is missing or of another type.
server_stats parse_server_stats(std::string_view json);

}  // namespace farebench
