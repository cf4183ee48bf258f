#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mock_server/engines/server_engine.hpp"
#include "mock_server/server_stats.hpp"
#include "mock_server/site/site.hpp"

namespace farebench {

/// Histogram of durations for quantiles. Takes 37 KiB however many are recorded. The bucket layout is
/// HdrHistogram's (http://hdrhistogram.org): exact below 256 ns, above it 128 buckets per power of two. So a
/// quantile is at most 0.8 % above the true one, and never below it. Negative durations count as 0. Those
/// of 2^43 ns (2.4 h) and more share the last bucket; max() is exact. Not synchronized.
class latency_histogram {
 public:
  latency_histogram();

  void record(std::chrono::nanoseconds duration);

  std::uint64_t count() const { return count_; }
  /// Returns the smallest duration that at least a `share`, in [0, 1], of the durations do not exceed.
  /// Returns 0 for an empty histogram.
  std::chrono::nanoseconds quantile(double share) const;
  std::chrono::nanoseconds max() const { return max_; }

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::chrono::nanoseconds max_{0};
};

/// Numbers of distinct items and sessions. Takes a bit per date, page and session. Not synchronized.
class item_count {
 public:
  void add(const site_response& response);

  std::uint64_t items() const { return dates_.count + pages_.count; }
  std::uint64_t search_sessions() const { return sessions_.count; }

 private:
  struct number_set {
    std::vector<bool> contains;
    std::uint64_t count = 0;
    void insert(std::size_t number);
  };

  /// Days since 2000-01-01, the first date of a form.
  number_set dates_;
  number_set pages_;
  /// Ordinals of the sessions of searches.
  number_set sessions_;
};

/// Counts an engine's requests and measures the lateness of its responses. Every request that has arrived()
/// is either leaving() and then left(), or abandoned(). Any thread.
class response_log {
 public:
  void connection_accepted();
  /// An accepted connection requests /stats for the first time.
  void stats_requested();

  void arrived();
  /// The site has responded.
  void responded(const site_response& response);
  /// The response is about to be written. It is counted here and not after the write, so that a client which
  /// has its response never finds the request in flight, or two of its requests at once.
  void leaving();
  /// The response was written, or lost because the client had closed, `lateness` after it was due.
  void left(std::chrono::nanoseconds lateness);
  /// The client closed before the request was complete, or the server stopped before the response was due.
  void abandoned();

  /// Fills the members that are counted here. Waits up to `wait` for responses between leaving() and left(),
  /// so that the lateness includes every response that a client has received.
  void fill(server_stats& stats, std::chrono::milliseconds wait = std::chrono::milliseconds{100}) const;
  /// Resets the counters to 0. Waits as fill() does. A request in flight counts when its response leaves.
  void reset(std::chrono::milliseconds wait);

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable none_leaving_;
  std::uint64_t connections_ = 0;
  std::uint64_t stats_connections_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t in_flight_ = 0;
  std::uint64_t in_flight_peak_ = 0;
  std::uint64_t leaving_ = 0;
  item_count items_;
  latency_histogram lateness_;
};

/// Number of packets that the kernel has dropped at a listening socket (SK_MEMINFO_DROPS of SO_MEMINFO; Linux
/// ≥ 4.12): connections for which its queue was full, and resets of connections that have ended. Throws
/// std::system_error.
std::uint64_t socket_drops(int listening_socket);

/// Number of connections that the kernel has dropped at all listening sockets of the network namespace
/// (ListenDrops of /proc/net/netstat), or nullopt if it cannot be read.
std::optional<std::uint64_t> namespace_listen_drops();
/// Parses that file.
std::optional<std::uint64_t> parse_listen_drops(const std::string& netstat);

/// A response and its delay after the arrival of the request.
struct timed_response {
  site_response content;
  std::chrono::nanoseconds latency{0};
  /// True if the request has reset the counters. The engine then resets those of its faults.
  bool is_reset = false;
};

/// Returns a request's target without scheme and authority: "/m/" for "http://host/m/" (RFC 9112, section
/// 3.2.2).
std::string_view origin_form(std::string_view target);

/// Returns true for the methods of RFC 9110, section 9.3, and PATCH. Others get status 501.
bool is_known_method(std::string_view method);

/// The site as every engine serves it: with /stats, latencies, counts, and responses to requests that an
/// engine refuses. Any thread. The site must outlive it.
class served_site {
 public:
  /// `stats_wait`: time for which /stats may wait for responses that are leaving (see response_log::fill).
  /// Zero for an engine with one thread, which it would block.
  served_site(site& served, const engine_options& options, engine_kind engine,
              std::chrono::milliseconds stats_wait);

  /// True if a request for the target has a latency and is counted: all but /stats.
  static bool counts(std::string_view target);
  /// True if the response depends on the request's body, which is then a form. Other bodies can be dropped.
  static bool reads_body(std::string_view method, std::string_view target);

  /// Returns status 500 if the site throws.
  timed_response respond(const site_request& request);
  /// Returns the response to a request that the engine cannot read, with status 400, 413, 414, 431, 501 or
  /// 505. Status 500 is for exceptions.
  timed_response refusal(int status) const;

  response_log& log() { return log_; }
  /// Includes the socket's drops in stats(). Call forget_listening_sockets() before the socket is closed.
  void add_listening_socket(int socket);
  void forget_listening_sockets();
  /// Waits up to 100 ms for responses that are leaving.
  server_stats stats() const;

 private:
  server_stats stats(std::chrono::milliseconds wait) const;
  std::uint64_t listen_drops() const;
  timed_response reset();

  struct listening_socket {
    int socket;
    /// Drops before the last reset.
    std::uint64_t drops_before = 0;
  };

  site& site_;
  const response_latency latency_;
  // The settings in the statistics.
  server_stats settings_;
  const std::chrono::milliseconds stats_wait_;
  response_log log_;
  mutable std::mutex listening_mutex_;
  std::vector<listening_socket> listening_sockets_;
  std::optional<std::uint64_t> namespace_drops_before_ = namespace_listen_drops();
};

}  // namespace farebench
