#include "bench/fixture.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <stdexcept>

#include "bench/heap_count/heap_counter_segment.hpp"
#include "bench/peers/peers.hpp"
#include "bench/timeline/client_watch.hpp"
#include "lib/system/build_identity.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

// Sockets are counted for no more than their peak: 3 µs each.
constexpr auto look_at_sockets_every = 2ms;

}  // namespace

measurement measure(const programs& with, const benchmark_case& row, std::chrono::nanoseconds sample_every) {
  client_run run{with, row, {}};
  client_watch watch{run.client(), sample_every};
  measurement seen;
  watch.go();
  seen.report = run.go([&] { return watch.look(); }, sample_every);
  watch.end();
  seen.server = run.server_side();
  watch.exit();
  seen.memory = watch.told(seen.report);
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
    return std::chrono::steady_clock::time_point::min();  // this run is not timed
  };
  run.go(look, look_at_sockets_every);
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
