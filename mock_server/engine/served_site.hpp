#pragma once

#include <chrono>
#include <mutex>
#include <string_view>
#include <vector>

#include "mock_server/engine/response_latency.hpp"
#include "mock_server/engine/response_log.hpp"
#include "mock_server/engine_kind.hpp"
#include "mock_server/server_stats.hpp"
#include "mock_server/site/site.hpp"

namespace farebench {

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
