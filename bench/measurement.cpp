#include "bench/measurement.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <expected>
#include <optional>
#include <stdexcept>
#include <utility>

#include "bench/cases.hpp"
#include "bench/clients/clients.hpp"
#include "bench/probe/client_protocol.hpp"
#include "bench/probe/heap_counter_segment.hpp"
#include "bench/timeline/client_watch.hpp"
#include "bench/timeline/memory_curve.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/process_stats.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using status = child_process::read_status;

constexpr auto patience_to_start = 20s;
constexpr auto patience_to_end = 10s;

/// Far beyond what any strategy needs, so that it catches a hang and nothing else.
std::chrono::milliseconds patience_to_report(const benchmark_case& row) {
  const auto ideal = std::chrono::ceil<std::chrono::milliseconds>(ideal_wall(row));
  const auto days = static_cast<int>(row.days);
  // html.parser takes 1 to 2 ms a KiB, and all workers of a process take turns at it.
  if (is_python_client(row.strategy))
    return 60s + 20 * ideal + (100ms + 10ms * static_cast<int>(row.page_kb)) * days;
  return 60s + 20 * ideal + 5ms * days;
}

child_process::options probe_options(const programs& with, const benchmark_case& row, const std::string& url,
                                     const client_surroundings& surroundings) {
  std::vector<std::string> arguments{"--strategy", row.strategy,
                                     "--workers",  std::to_string(row.workers),
                                     "--days",     std::to_string(row.days),
                                     "--url",      url};
  if (row.loops != 1) arguments.insert(arguments.end(), {"--loops", std::to_string(row.loops)});
  auto executable = with.fetch_probe;
  if (is_python_client(row.strategy)) {
    auto peer = make_python_command(with.folder());
    executable = std::move(peer.interpreter);
    arguments.insert(arguments.begin(), peer.arguments.begin(), peer.arguments.end());
  }
  return {.executable = std::move(executable),
          .arguments = std::move(arguments),
          .environment = surroundings.environment,
          .inherited_descriptors = surroundings.inherited_descriptors,
          .death_signal = SIGKILL};
}

/// Why a client that should have gone on has not, for people.
std::string fate(child_process& client) {
  const auto wait_status = client.wait(patience_to_end);
  if (!wait_status) return "closed its output and went on running";
  if (WIFSIGNALED(*wait_status)) return fmt::format("was killed by signal {}", WTERMSIG(*wait_status));
  return fmt::format("ended with exit code {}", WEXITSTATUS(*wait_status));
}

}  // namespace

client_run::client_run(const programs& with, const benchmark_case& row,
                       const client_surroundings& surroundings)
    : row_{row},
      stop_{with.stop},
      server_{{.latency = row.latency,
               .seed = row.seed,
               .page_kb = row.page_kb,
               .engine = row.engine,
               .connections = std::min(row.connections(), max_httplib_connections),
               .executable = with.mock_server}},
      probe_{probe_options(with, row, server_.url(), surroundings)} {
  const auto first = probe_.read_line(patience_to_start);
  if (first.status == status::end_of_file)
    throw std::runtime_error{"the client " + fate(probe_) + " before it was ready"};
  if (first.status == status::timed_out) throw std::runtime_error{"the client was not ready in time"};
  if (first.line != probe_ready) {
    throw std::runtime_error{
        fmt::format("the client speaks another protocol: '{}' instead of '{}'", first.line, probe_ready)};
  }
}

batch_report client_run::go(const watching& watch, std::chrono::nanoseconds interval) {
  const auto begin = clock::now();
  auto not_before = begin;
  const auto deadline = begin + patience_to_report(row_);
  if (!probe_.write_line(probe_go))
    throw std::runtime_error{"the client " + fate(probe_) + " before its batch"};
  while (true) {
    const auto now = clock::now();
    const auto answer = probe_.read_line(next_sample(begin, interval, std::max(now, not_before)) - now);
    if (answer.status == status::line) {
      watch();
      if (answer.line.starts_with(probe_failed)) {
        throw std::runtime_error{
            fmt::format("the strategy could not run: {}", answer.line.substr(probe_failed.size()))};
      }
      return parse_batch_report(answer.line);
    }
    if (answer.status == status::end_of_file)
      throw std::runtime_error{"the client " + fate(probe_) + " during its batch"};
    if (stop_.stop_requested()) throw run_interrupted{};
    if (clock::now() > deadline) {
      throw std::runtime_error{
          fmt::format("the client had not finished after {} s", patience_to_report(row_) / 1s)};
    }
    not_before = watch();
  }
}

server_stats client_run::server_side() const {
  server_stats seen = server_.stats();
  seen.connections_accepted -= 1;  // the one that asked
  return seen;
}

void client_run::end() {
  probe_.write_line(probe_exit);
  const auto wait_status = probe_.wait(patience_to_end);
  if (!wait_status) throw std::runtime_error{"the client did not end when told to"};
  if (*wait_status != 0) throw std::runtime_error{"the client " + fate(probe_) + " after its batch"};
  server_.stop();
}

namespace {

using namespace std::chrono_literals;

// Sockets are counted for no more than their peak: 3 µs each.
constexpr auto look_at_sockets_every = 2ms;

/// Readings before and after a batch. A reading costs about 50 µs, outside of the measured time.
struct cpu_reading {
  clock::time_point at;
  /// Not used by any program, on all cores.
  std::chrono::nanoseconds unused;
  /// Used by client, server and bench.
  std::chrono::nanoseconds ours;
  std::expected<std::chrono::nanoseconds, process_error> client_delay;
};

std::optional<cpu_reading> read_cpu(const client_run& run) {
  const auto delay = run_queue_delay(run.client());
  const auto client = process_cpu_time(run.client());
  const auto server = process_cpu_time(run.server());
  const auto bench = process_cpu_time(::getpid());
  const auto unused = unused_cpu_time();
  if (!client || !server || !bench || !unused) return std::nullopt;
  return cpu_reading{
      .at = clock::now(), .unused = *unused, .ours = *client + *server + *bench, .client_delay = delay};
}

double other_cpu_share(const cpu_reading& before, const cpu_reading& after) {
  using seconds = std::chrono::duration<double>;
  static const auto cores = static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
  const seconds known = after.unused - before.unused + after.ours - before.ours;
  return std::max(0.0, cores - known / (after.at - before.at));
}

}  // namespace

measurement measure(const programs& with, const benchmark_case& row, std::chrono::nanoseconds sample_every) {
  client_run run{with, row, {}};
  client_watch watch{run.client(), sample_every};
  measurement seen;
  const auto before = read_cpu(run);
  watch.go();
  seen.report = run.go([&] { return watch.look(); }, sample_every);
  const auto after = read_cpu(run);
  watch.end();
  seen.server = run.server_side();
  watch.exit();
  seen.memory = watch.told(seen.report);
  if (before && after) {
    seen.other_cpu_share = other_cpu_share(*before, *after);
    if (before->client_delay && after->client_delay && seen.memory.threads_peak <= seen.memory.end.threads) {
      seen.run_queue_delay_ms =
          std::chrono::duration<double, std::milli>{*after->client_delay - *before->client_delay}.count();
    }
  }
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
    if (is_python_client(row.strategy)) {
      const auto peer = make_python_command(with.folder());
      surroundings.environment.insert(surroundings.environment.end(), peer.heap_environment.begin(),
                                      peer.heap_environment.end());
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
