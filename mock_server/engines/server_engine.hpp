#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "mock_server/faults/fault_injection.hpp"
#include "mock_server/latency/latency_model.hpp"
#include "mock_server/server_stats.hpp"
#include "mock_server/site/site.hpp"

namespace farebench {

/// Limits that both engines apply to requests, unless docs/engines.md says otherwise.
struct request_limits {
  /// Head and body together. A longer request is refused, or served without the rest of its body. Then its
  /// connection is closed.
  static constexpr std::size_t request_bytes = 64 * 1024;
  /// Exceeded: 414.
  static constexpr std::size_t target_bytes = 8 * 1024;
  /// Exceeded: 431.
  static constexpr std::size_t header_line_bytes = 8 * 1024;
  /// Exceeded: 413.
  static constexpr std::size_t form_bytes = 8 * 1024;
  /// Announced to clients; the engines do not count.
  static constexpr int requests_per_connection = 1'000'000;
  static constexpr int listen_backlog = 4096;
  /// Time after which the Beast engine closes a connection that sends or reads nothing.
  static constexpr std::chrono::seconds beast_timeout{120};
  /// The same for the cpp-httplib engine. Its stop() takes up to this long, because the library cannot end a
  /// connection from another thread.
  static constexpr std::chrono::seconds httplib_timeout{5};
};

/// Delay between the arrival of a request and its response: the same for the same request in every run and
/// with every engine (see start_latency, search_latency and page_latency). A value; any thread.
struct response_latency {
  latency_model model{std::chrono::nanoseconds{0}};
  std::uint64_t seed = default_latency_seed;

  /// Depends on the session that the response starts, on its search, or on the number of its page. The
  /// model's mean for others.
  std::chrono::nanoseconds of(const site_response& response) const;
};

/// Settings of an engine. A value.
struct engine_options {
  /// An IPv4 address.
  std::string host = "127.0.0.1";
  /// 0: any free port.
  std::uint16_t port = 0;
  /// Threads of the cpp-httplib engine for client connections, at most max_httplib_connections.
  std::size_t connections = max_httplib_connections;
  response_latency latency = {};
  /// Only for the Beast engine.
  std::optional<fault_settings> faults = {};
};

/// Serves a site over HTTP and its own statistics at `GET /stats`, which have no latency and are not counted.
/// `DELETE /stats` ends all sessions and resets the counters to those of a new server.
/// It serves from construction until stop() or destruction, on threads of its own. The site must outlive it.
/// Any thread, but one stop() at a time.
class server_engine {
 public:
  virtual ~server_engine() = default;

  virtual std::uint16_t port() const = 0;
  virtual server_stats stats() const = 0;
  /// Stops listening, ends every connection and joins all threads. Idempotent. A response that waits for its
  /// latency does not delay it; see request_limits::httplib_timeout for silent connections.
  virtual void stop() = 0;
};

/// Throws std::system_error if the address is not available or a thread cannot be started.
std::unique_ptr<server_engine> make_engine(engine_kind kind, site& served, const engine_options& options);
/// The engine on cpp-httplib: one thread per connection. Throws as make_engine, and std::invalid_argument for
/// faults, which need control of each byte.
std::unique_ptr<server_engine> make_httplib_engine(site& served, const engine_options& options);
/// The engine on Boost.Asio and Beast: one thread for as many connections as the process may have open files.
/// A response is held in memory while it waits: latency × rate × page size in all. Throws as make_engine.
std::unique_ptr<server_engine> make_event_engine(site& served, const engine_options& options);

/// Versions of the libraries as compiled, such as "0.11.4" and "1.74.0".
std::string httplib_version();
std::string boost_version();

}  // namespace farebench
