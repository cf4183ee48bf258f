#include "bench/fixture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <stdexcept>

#include "bench/heap_count/heap_counter_segment.hpp"
#include "bench/peers/peers.hpp"
#include "cmake/build_identity.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

// A look at /proc/PID/status costs 10 µs: half a percent of a core.
constexpr auto sample_every = 2ms;

/// From here on VmHWM is the batch's peak and not that of starting up. Where the kernel refuses, it
/// stays the process's, which is never smaller.
void restart_peak_of(pid_t pid) { std::ofstream{fmt::format("/proc/{}/clear_refs", pid)} << "5\n"; }

memory_snapshot snapshot_of(const memory_reader& reader, const char* when) {
  const auto seen = reader.read();
  if (!seen)
    throw std::runtime_error{
        fmt::format("the client's memory cannot be read {}: {}", when, to_string(seen.error()))};
  return *seen;
}

}  // namespace

measurement measure(const programs& with, const benchmark_case& row) {
  client_run run{with, row, {}};
  const memory_reader reader{run.client()};
  measurement seen;
  restart_peak_of(run.client());
  seen.baseline = snapshot_of(reader, "before its batch");

  const auto note = [&](const memory_snapshot& now) {
    seen.anon_peak_bytes = std::max(seen.anon_peak_bytes, now.anon_bytes);
    seen.page_table_peak_bytes = std::max(seen.page_table_peak_bytes, now.page_table_bytes);
    seen.threads_peak = std::max<std::uint64_t>(seen.threads_peak, now.threads);
  };
  seen.report = run.go(
      [&] {
        if (const auto now = reader.read()) note(*now);
      },
      sample_every);
  seen.end = snapshot_of(reader, "after its batch");
  note(seen.end);
  // A peak between two samples: file pages only ever grow, so at the peak of RSS there were no more of them
  // than now.
  seen.anon_peak_bytes = std::max(
      seen.anon_peak_bytes, seen.end.rss_peak_bytes - std::min(seen.end.rss_peak_bytes, seen.end.file_bytes));
  seen.server = run.server_side();
  run.end();
  return seen;
}

counted_run count(const programs& with, const benchmark_case& row) {
  // A sanitizer brings its own allocator, which must come first: there, nothing can be preloaded.
  std::optional<heap_counter_segment> heap;
  client_surroundings surroundings;
  if (this_build().sanitizers.empty()) {
    heap.emplace(with.heap_count);
    surroundings = {heap->environment(), {heap->descriptor()}};
    if (is_peer(row.strategy)) {
      const auto peer = command_of_peers(with.folder());
      surroundings.environment.insert(surroundings.environment.end(), peer.environment_to_count.begin(),
                                      peer.environment_to_count.end());
    }
  }
  client_run run{with, row, surroundings};
  if (heap) heap->restart_peak();
  const auto allocations_before = heap ? heap->read().allocations : 0;

  counted_run seen;
  const auto look = [&] {
    if (const auto sockets = count_sockets(run.client())) {
      seen.sockets_peak = std::max<std::uint64_t>(seen.sockets_peak, *sockets);
    }
  };
  run.go(look, sample_every);
  if (heap) {
    const auto after = heap->read();
    if (!after.attached) throw std::runtime_error{"the heap counter was not loaded into the client"};
    seen.allocations = static_cast<std::uint64_t>(after.allocations - allocations_before);
    seen.heap_peak_bytes = static_cast<std::uint64_t>(after.peak_bytes);
  }
  const server_stats server = run.server_side();
  seen.requests = server.requests;
  // Connections that came and went between two looks were sockets too; no client has more at once than
  // workers.
  seen.sockets_peak =
      std::max(seen.sockets_peak, std::min<std::uint64_t>(server.connections_accepted, row.active_workers()));
  run.end();
  return seen;
}

}  // namespace farebench
