#pragma once

#include <cstdint>
#include <optional>

#include "bench/probe/batch_report.hpp"
#include "farebench/memory_snapshot.hpp"
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
  memory_snapshot baseline;                 ///< libraries initialised, nothing fetched
  memory_snapshot end;                      ///< after the last outcome; its peak is the batch's
  std::uint64_t anon_peak_bytes = 0;        ///< sampled, and at least (peak RSS − file pages at the end)
  std::uint64_t page_table_peak_bytes = 0;  ///< sampled
  std::uint64_t threads_peak = 0;           ///< sampled
  server_stats server;                      ///< without the suite's own connection
};

}  // namespace farebench
