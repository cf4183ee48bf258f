#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

#include "bench/probe/client_protocol.hpp"
#include "bench/timeline/memory_curve.hpp"
#include "lib/system/process_stats.hpp"

namespace farebench {

/// Memory of a client during its batch, read from outside.
struct client_memory {
  /// Before the batch: libraries initialized, nothing fetched.
  memory_snapshot baseline;
  /// After the last outcome. Its peak is that of the batch.
  memory_snapshot end;
  /// Sampled, and at least (peak RSS − file pages at the end).
  std::uint64_t anon_peak_bytes = 0;
  /// Sampled.
  std::uint64_t page_table_peak_bytes = 0;
  /// Sampled.
  std::uint64_t threads_peak = 0;
  /// The client had child processes, which are part of all figures.
  bool has_children = false;
  memory_curve curve;
};

/// Samples the memory of one client during its batch, in the calling thread. Call the functions in the order
/// of their declaration.
///
/// Each sample reads statm (2 µs). Threads and page tables are only in status (10 µs), which is read less
/// often: with the first sample, at doubling intervals up to 8 ms, and when the client has grown by 1 %. So
/// short batches and short peaks are not missed.
///
/// The memory of child processes is added to that of the client, read as often as status. Pages that several
/// processes share count once for each.
class client_sampler {
 public:
  enum class watched : std::uint8_t {
    /// A client that has no child processes.
    process,
    process_tree,
  };

  /// Reads the baseline of a client that is ready, and resets its VmHWM. Throws std::runtime_error if the
  /// client's memory cannot be read.
  client_sampler(pid_t client, std::chrono::nanoseconds sample_every, watched what = watched::process);

  /// Call it immediately before the client starts its batch.
  void begin();

  /// Takes a sample. Call it during the batch and once after the report. Ignores a client that has ended.
  ///
  /// Returns the earliest time of the next sample, so that sampling costs less than 1 % of a core. A sample
  /// with its wake-up costs 10 to 40 µs on a virtual machine.
  std::chrono::steady_clock::time_point sample();

  /// Reads the memory after the batch. Throws std::runtime_error if it cannot be read.
  void end();

  /// Call it immediately before the client exits.
  void exit();

  /// Returns all figures. `report` has the times of the phases that only the client knows.
  client_memory result(const batch_report& report) const;

 private:
  using clock = std::chrono::steady_clock;

  memory_snapshot read_snapshot(const char* when);
  void read_children(clock::time_point now);
  void update_peaks(const memory_snapshot& snapshot);
  /// Returns the resident size, or 0 if the client has ended.
  std::uint64_t add_point(clock::time_point now);

  const pid_t client_;
  const watched what_;
  memory_reader status_;
  resident_reader statm_;
  // Sums over the child processes, as of the last reading.
  memory_snapshot children_;
  clock::time_point next_children_;
  // Highest sum of a client with child processes.
  std::uint64_t rss_peak_bytes_ = 0;
  curve_recorder recorder_;
  client_memory memory_;
  clock::time_point next_status_;
  std::uint64_t next_status_at_bytes_ = 0;
  // CPU time of this thread.
  std::chrono::nanoseconds cpu_at_begin_{0};
  std::chrono::nanoseconds cpu_spent_{0};
  clock::time_point last_sample_;
};

}  // namespace farebench
