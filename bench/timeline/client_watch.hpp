#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

#include "bench/probe/client_protocol.hpp"
#include "bench/timeline/memory_curve.hpp"
#include "lib/system/process_stats.hpp"

namespace farebench {

/// What was seen of a client's memory from outside.
struct watched_memory {
  memory_snapshot baseline;                 ///< libraries initialised, nothing fetched
  memory_snapshot end;                      ///< after the last outcome; its peak is the batch's
  std::uint64_t anon_peak_bytes = 0;        ///< sampled, and at least (peak RSS − file pages at the end)
  std::uint64_t page_table_peak_bytes = 0;  ///< sampled
  std::uint64_t threads_peak = 0;           ///< sampled
  memory_curve curve;
};

/// Watches the memory of one client through its batch. The thread that calls is the sampler, and does nothing
/// else meanwhile: what it costs is measured, and told. Each look reads statm (2 µs). Threads and page
/// tables, which only status tells (10 µs), are read with the first look, again when the batch has taken
/// twice as long, and so on up to every 8 ms; and whenever the client has grown by another hundredth, so that
/// a short batch and a short peak are seen. One thread; std::runtime_error when the client's memory cannot be
/// read at either end.
class client_watch {
 public:
  /// The client is ready: the baseline is read, and from here on VmHWM is the batch's.
  client_watch(pid_t client, std::chrono::nanoseconds sample_every);

  /// Immediately before the client is told to go.
  void go();
  /// While it runs, and once when it has reported. A client that has ended meanwhile is let pass. Returns
  /// when the next look may be: where looking is dear (a wake-up alone cost 10 to 40 µs where this was
  /// measured) less often than was asked for, so that the whole stays below 1 % of a core.
  std::chrono::steady_clock::time_point look();
  /// It waits: the last look at all of its memory.
  void end();
  /// Immediately before it is told to exit.
  void exit();

  /// The whole, after `exit`. The report places the phases that only the client knows.
  watched_memory told(const batch_report& report) const;

 private:
  using clock = std::chrono::steady_clock;

  memory_snapshot snapshot(const char* when) const;
  void note(const memory_snapshot& now);
  /// What is resident now: 0 of a client that has ended.
  std::uint64_t sample(clock::time_point now);

  memory_reader status_;
  resident_reader statm_;
  curve_recorder recorder_;
  watched_memory seen_;
  clock::time_point next_status_;
  std::uint64_t next_status_at_bytes_ = 0;
  std::chrono::nanoseconds cpu_at_go_{0};
  std::chrono::nanoseconds cpu_spent_{0};  // from go to the last look
  clock::time_point last_look_;
};

}  // namespace farebench
