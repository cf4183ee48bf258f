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

/// What every engine asks of its clients.
struct request_limits {
  /// Head and body together; what is longer is refused and its connection closed.
  static constexpr std::size_t request_bytes = 64 * 1024;
  static constexpr std::size_t target_bytes = 8 * 1024;       ///< else 414
  static constexpr std::size_t header_line_bytes = 8 * 1024;  ///< else 400
  static constexpr std::size_t form_bytes = 8 * 1024;         ///< else 413
  /// An idle connection waits for its client's next request this long, a slow one for its next byte.
  static constexpr std::chrono::seconds patience{120};
  static constexpr int requests_a_connection = 1'000'000;  ///< announced only: no engine counts them
  static constexpr int listen_backlog = 4096;
};

/// How long after its request's arrival a response is to leave, the same for the same request in every run
/// and engine: see scrape_latencies.hpp. A value; any thread.
struct response_latency {
  latency_model model{std::chrono::nanoseconds{0}};
  std::uint64_t seed = default_latency_seed;

  /// By the session that the response starts, or by the search that it answers; for what is neither, the
  /// model's mean.
  std::chrono::nanoseconds of(const site_response& response) const;
};

/// What serves a site over HTTP, each response its latency after its request arrived, and its counts at
/// `GET /stats`, which have no latency and count nowhere. It serves from construction, on threads of its
/// own, until stop() or destruction; the site must outlive it. Any thread, but one stop() at a time.
class server_engine {
 public:
  struct options {
    std::string host = "127.0.0.1";  ///< an IPv4 address
    std::uint16_t port = 0;          ///< 0: any free one
    response_latency latency = {};
    std::optional<fault_settings> faults = {};  ///< the event engine's alone
  };

  virtual ~server_engine() = default;

  virtual std::uint16_t port() const = 0;
  virtual server_stats stats() const = 0;
  /// Stops accepting, ends every connection, even within a response, and joins all threads; idempotent.
  virtual void stop() = 0;
};

/// All of these throw std::system_error when the address cannot be listened on.
std::unique_ptr<server_engine> make_engine(engine_kind kind, site& served, const server_engine::options& how);
/// The engine over cpp-httplib: a thread a connection, for at most 256 connections from clients. Throws
/// std::invalid_argument for faults, which take raw bytes.
std::unique_ptr<server_engine> make_httplib_engine(site& served, const server_engine::options& how);
/// The engine over Boost.Asio and Beast: one thread, for as many connections as the process may have open
/// files. What it has to send is held in memory while it waits: latency × rate × page size.
std::unique_ptr<server_engine> make_event_engine(site& served, const server_engine::options& how);

/// Versions of what they are made of.
std::string httplib_version();
std::string boost_version();

}  // namespace farebench
