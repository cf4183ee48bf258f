#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

#include "mock_server/engines/server_engine.hpp"
#include "mock_server/latency/latency_histogram.hpp"
#include "mock_server/server_stats.hpp"
#include "mock_server/site/site.hpp"

namespace farebench {

/// Counts what an engine answers. A request has arrived(); then its response is leaving() and has left(),
/// or it was abandoned(). Any thread.
class response_log {
 public:
  void connection_accepted();

  void arrived();
  /// About to be written. It counts as answered from here on and not after the write, so that a client
  /// that has its answer never finds it still in flight, nor the next request beside it.
  void leaving();
  /// Written (or lost, when the client had gone), that much later than it should have been.
  void left(std::chrono::nanoseconds lateness);
  /// The client went before it had sent its request, or the server ended before it answered.
  void abandoned();

  /// Fills the members that are counted here. Waits for those between leaving() and left(), at most so
  /// long, so that every answer that a client has seen is in the lateness.
  void fill(server_stats& stats, std::chrono::milliseconds wait = std::chrono::milliseconds{100}) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable none_leaving_;
  std::uint64_t connections_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t in_flight_ = 0;
  std::uint64_t in_flight_peak_ = 0;
  std::uint64_t leaving_ = 0;
  latency_histogram lateness_;
};

/// How many connection attempts the kernel has dropped at this listening socket, above all because its
/// queue was full (SO_MEMINFO's SK_MEMINFO_DROPS; Linux ≥ 4.12). Throws std::system_error.
std::uint64_t listen_drops(int listening_socket);

/// A response, and how long after its request's arrival it is to leave.
struct timed_response {
  site_response content;
  std::chrono::nanoseconds latency{0};
};

/// The site as every engine serves it: with /stats, with its latency, with words for what the engine itself
/// refuses, and with the counts. Any thread; the site must outlive it.
class served_site {
 public:
  /// `stats_wait`: how long the answer to /stats may wait for responses that are just leaving (see
  /// response_log). Zero for an engine whose one thread would hold them all up.
  served_site(site& served, const response_latency& latency, engine_kind engine,
              std::chrono::milliseconds stats_wait);

  /// Whether a request for that target has a latency and counts. /stats does not.
  static bool counts(std::string_view target);
  /// Whether the answer depends on the request's body: it is a posted form. Any other body can be dropped.
  static bool reads_body(std::string_view method, std::string_view target);

  /// Never throws: where the site does, the answer is a 500.
  timed_response answer(const site_request& request);
  /// The answer to what could not be read: 413, 414 or, for any other reason, 400; 500 for a fault of ours.
  timed_response refusal(int status) const;
  std::chrono::nanoseconds refusal_latency() const { return latency_.model.mean(); }

  response_log& log() { return log_; }
  /// stats() tells the connections that those sockets dropped. To be forgotten before they are closed.
  void add_listening_socket(int socket);
  void forget_listening_sockets();
  /// Waits 100 ms at most for responses that are just leaving.
  server_stats stats() const;

 private:
  server_stats stats(std::chrono::milliseconds wait) const;

  site& site_;
  const response_latency latency_;
  const engine_kind engine_;
  const std::chrono::milliseconds stats_wait_;
  response_log log_;
  mutable std::mutex listening_guard_;
  std::vector<int> listening_;
};

}  // namespace farebench
