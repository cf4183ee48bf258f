#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "mock_server/histogram/latency_histogram.hpp"
#include "mock_server/server_stats.hpp"

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

}  // namespace farebench
