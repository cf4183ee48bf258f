#include "bench/measurement.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <expected>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

#include "bench/cases.hpp"
#include "bench/clients/clients.hpp"
#include "bench/probe/client_protocol.hpp"
#include "bench/probe/heap_counter_segment.hpp"
#include "bench/timeline/client_sampler.hpp"
#include "bench/timeline/memory_curve.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/cpu_limits.hpp"
#include "lib/system/process_stats.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using status = child_process::read_status;

constexpr auto start_timeout = 20s;
constexpr auto exit_timeout = 10s;

/// Much longer than any strategy needs: detects a client that hangs.
std::chrono::milliseconds batch_timeout(const benchmark_case& row) {
  const auto ideal = std::chrono::ceil<std::chrono::milliseconds>(ideal_wall(row));
  // Python's html.parser takes 1 to 2 ms per KiB, and the workers of a process parse one at a time.
  const auto per_day = is_python_client(row.strategy) ? 100ms + 10ms * static_cast<int>(row.page_kb) : 5ms;
  return 60s + 20 * ideal + per_day * static_cast<int>(row.days);
}

child_process::options client_process(const programs& used, const benchmark_case& row, const std::string& url,
                                      const client_options& options) {
  python_command command{.interpreter = used.fetch_probe, .arguments = {}, .heap_environment = {}};
  if (is_python_client(row.strategy)) command = make_python_command(used.folder());
  command.arguments.insert(command.arguments.end(),
                           {"--strategy", row.strategy, "--workers", std::to_string(row.workers), "--days",
                            std::to_string(row.days), "--url", url});
  if (row.loops != 1)
    command.arguments.insert(command.arguments.end(), {"--loops", std::to_string(row.loops)});
  return {.executable = std::move(command.interpreter),
          .arguments = std::move(command.arguments),
          .environment = options.environment,
          .inherited_descriptors = options.inherited_descriptors,
          .death_signal = SIGKILL};
}

/// Says how a client ended that closed its output.
std::string end_of(child_process& client) {
  const auto wait_status = client.wait(exit_timeout);
  if (!wait_status) return "closed its output and continued to run";
  if (WIFSIGNALED(*wait_status)) return fmt::format("was killed by signal {}", WTERMSIG(*wait_status));
  return fmt::format("ended with exit code {}", WEXITSTATUS(*wait_status));
}

}  // namespace

client_run::client_run(const programs& used, const benchmark_case& row, const client_options& options)
    : row_{row},
      stop_{used.stop},
      server_{{.latency = row.latency,
               .seed = row.seed,
               .page_kb = row.page_kb,
               .engine = row.engine,
               .connections = std::min(row.connections(), max_httplib_connections),
               .executable = used.mock_server}},
      probe_{client_process(used, row, server_.url(), options)} {
  const auto first = probe_.read_line(start_timeout);
  if (first.status == status::end_of_file)
    throw std::runtime_error{"the client " + end_of(probe_) + " before it was ready"};
  if (first.status == status::timed_out)
    throw std::runtime_error{fmt::format("the client was not ready after {} s", start_timeout / 1s)};
  if (first.line != client_ready && first.line != version_1_ready) {
    throw std::runtime_error{
        fmt::format("the client has another protocol: '{}' instead of '{}'", first.line, client_ready)};
  }
}

client_run::finished_batch client_run::go(const sampler& sample, std::chrono::nanoseconds interval) {
  const auto timeout = batch_timeout(row_);
  const auto begin = clock::now();
  auto next = begin;
  if (!probe_.write_line(client_go))
    throw std::runtime_error{"the client " + end_of(probe_) + " before its batch"};
  while (true) {
    const auto now = clock::now();
    const auto response = probe_.read_line(next_sample(begin, interval, std::max(now, next)) - now);
    if (response.status == status::line) {
      const auto seen = clock::now() - begin;
      sample();
      if (response.line.starts_with(client_failed)) {
        throw std::runtime_error{
            fmt::format("the client could not run: {}", response.line.substr(client_failed.size()))};
      }
      return {parse_batch_report(response.line), seen};
    }
    if (response.status == status::end_of_file)
      throw std::runtime_error{"the client " + end_of(probe_) + " during its batch"};
    if (stop_.stop_requested()) throw run_interrupted{};
    if (clock::now() > begin + timeout)
      throw std::runtime_error{fmt::format("the client had not finished after {} s", timeout / 1s)};
    next = sample();
  }
}

server_stats client_run::stats() const {
  server_stats stats = server_.stats();
  stats.connections_accepted -= 1;
  return stats;
}

void client_run::end() {
  probe_.write_line(client_exit);
  const auto wait_status = probe_.wait(exit_timeout);
  if (!wait_status)
    throw std::runtime_error{fmt::format("the client had not exited after {} s", exit_timeout / 1s)};
  if (*wait_status != 0) throw std::runtime_error{"the client " + end_of(probe_) + " after its batch"};
  server_.stop();
}

namespace {

/// CPU times before or after a batch. Reading them takes about 100 µs, outside of the measured time.
struct cpu_times {
  clock::time_point at;
  processor_times processors;
  std::optional<std::chrono::nanoseconds> throttled;
  /// Used by client, server and bench.
  std::chrono::nanoseconds own;
  std::expected<std::chrono::nanoseconds, process_error> client_delay;
};

std::optional<cpu_times> read_cpu_times(const client_run& run) {
  const auto delay = run_queue_delay(run.client());
  const auto client = process_cpu_time(run.client());
  const auto server = process_cpu_time(run.server());
  const auto bench = process_cpu_time(::getpid());
  const auto processors = read_processor_times();
  if (!client || !server || !bench || !processors) return std::nullopt;
  return cpu_times{.at = clock::now(),
                   .processors = *processors,
                   .throttled = throttled_time(),
                   .own = *client + *server + *bench,
                   .client_delay = delay};
}

double share(std::chrono::duration<double> part, const cpu_times& before, const cpu_times& after) {
  return part / (after.at - before.at);
}

double other_cpu_share(const cpu_times& before, const cpu_times& after) {
  static const auto cores = static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
  const auto known = after.processors.unused() - before.processors.unused() + after.own - before.own;
  return std::max(0.0, cores - share(known, before, after));
}

}  // namespace

measurement measure(const programs& used, const benchmark_case& row, std::chrono::nanoseconds sample_every) {
  client_run run{used, row};
  client_sampler sampler{run.client(), sample_every};
  measurement measured;
  const auto before = read_cpu_times(run);
  sampler.begin();
  auto batch = run.go([&] { return sampler.sample(); }, sample_every);
  const auto after = read_cpu_times(run);
  sampler.end();
  measured.report = std::move(batch.report);
  measured.seen_wall_ms = std::chrono::duration<double, std::milli>{batch.duration}.count();
  if (!measured.report.wall_ms) measured.report.wall_ms = measured.seen_wall_ms;
  measured.server = run.stats();
  sampler.exit();
  measured.memory = sampler.result(measured.report);
  if (before && after) {
    measured.other_cpu_share = other_cpu_share(*before, *after);
    measured.steal_share = share(after->processors.steal - before->processors.steal, *before, *after);
    if (before->throttled && after->throttled)
      measured.throttled_share = share(*after->throttled - *before->throttled, *before, *after);
    const bool all_threads_exist = measured.memory.threads_peak <= measured.memory.end.threads;
    if (before->client_delay && after->client_delay && all_threads_exist) {
      measured.run_queue_delay_ms =
          std::chrono::duration<double, std::milli>{*after->client_delay - *before->client_delay}.count();
    }
  }
  run.end();
  return measured;
}

counted_run count(const programs& used, const benchmark_case& row) {
  std::optional<heap_counter_segment> heap;
  client_options options;
  // A sanitizer's allocator must come first, so that nothing can be preloaded.
  if (this_build().sanitizers.empty()) {
    heap.emplace(used.heap_count);
    options = {.environment = heap->environment(), .inherited_descriptors = {heap->descriptor()}};
    if (is_python_client(row.strategy))
      std::ranges::copy(make_python_command(used.folder()).heap_environment,
                        std::back_inserter(options.environment));
  }
  client_run run{used, row, options};
  if (heap) heap->reset_peak();
  const auto allocations_before = heap ? heap->read().allocations : 0;

  counted_run counted;
  const auto sample = [&] {
    if (const auto sockets = count_sockets(run.client()))
      counted.sockets_peak = std::max<std::uint64_t>(counted.sockets_peak, *sockets);
    return clock::time_point::min();
  };
  run.go(sample, 2ms);
  if (heap) {
    const auto after = heap->read();
    if (!after.attached) throw std::runtime_error{"the heap counter was not loaded into the client"};
    counted.allocations = static_cast<std::uint64_t>(after.allocations - allocations_before);
    counted.heap_peak_bytes = static_cast<std::uint64_t>(after.peak_bytes);
  }
  const server_stats server = run.stats();
  counted.requests = server.requests;
  // The samples miss short connections. No client has more at once than workers.
  counted.sockets_peak = std::max(counted.sockets_peak,
                                  std::min<std::uint64_t>(server.connections_accepted, row.active_workers()));
  run.end();
  return counted;
}

}  // namespace farebench
