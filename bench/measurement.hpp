#pragma once

#include <cstdint>
#include <optional>

#include "bench/probe/batch_report.hpp"
#include "bench/timeline/client_watch.hpp"
#include "mock_server/server_stats.hpp"

namespace farebench {

/// What was seen of the client's heap and sockets in the run that is counted and not timed.
struct counted_run {
  std::optional<std::uint64_t> heap_peak_bytes =
      {};                                         ///< live at once; absent where heap counting cannot work
  std::optional<std::uint64_t> allocations = {};  ///< over the batch
  std::uint64_t sockets_peak = 0;                 ///< open at once, sampled
  std::uint64_t requests = 0;                     ///< that the server answered
};

/// All that was observed of one repetition: one fresh client against one fresh server.
struct measurement {
  batch_report report;
  watched_memory memory;
  server_stats server;  ///< without the suite's own connection
};

}  // namespace farebench
