#pragma once

#include <chrono>
#include <cstdint>

#include "mock_server/latency/latency_model.hpp"
#include "mock_server/latency/scrape_latencies.hpp"
#include "mock_server/site/site.hpp"

namespace farebench {

/// How long after its request's arrival a response is to leave, the same for the same request in every run
/// and engine: see scrape_latencies.hpp. A value; any thread.
struct response_latency {
  latency_model model{std::chrono::nanoseconds{0}};
  std::uint64_t seed = default_latency_seed;

  /// By the session that the response starts, or by the search that it answers; for what is neither, the
  /// model's mean.
  std::chrono::nanoseconds of(const site_response& response) const;
};

}  // namespace farebench
