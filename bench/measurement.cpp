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
#include "bench/probe/raw_epoll.hpp"
#include "bench/timeline/client_sampler.hpp"
#include "bench/timeline/memory_curve.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/cpu_limits.hpp"
#include "lib/system/process_stats.hpp"
#include "mock_server/stats_client.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using status = child_process::read_status;

/// A JVM on a busy machine takes more than 20 s.
constexpr auto min_start_timeout = 60s;
constexpr auto exit_timeout = 10s;

/// Much longer than any strategy needs: detects a client that hangs.
std::chrono::milliseconds batch_timeout(const benchmark_case& row) {
  const auto ideal = std::chrono::ceil<std::chrono::milliseconds>(ideal_wall(row));
  // Python's html.parser takes 1 to 2 ms per KiB, and the workers of a process parse one at a time.
  const auto per_item = row.program != nullptr ? 100ms + 10ms * static_cast<int>(row.page_kb) : 5ms;
  return 60s + 20 * ideal + per_item * static_cast<int>(row.items);
}

/// Includes the warm-up.
std::chrono::milliseconds start_timeout(const benchmark_case& row) {
  if (row.warm_up == 0) return min_start_timeout;
  auto warm_up = row;
  warm_up.items = row.warm_up;
  return min_start_timeout + batch_timeout(warm_up);
}

/// Command line of a probe. Other flags than those of version 1 are used only if they are needed, for the
/// probes of older commits.
std::vector<std::string> probe_arguments(const benchmark_case& row, const std::string& url) {
  const std::string strategy{split_client_name(row.strategy).strategy};
  std::vector<std::string> arguments{
      "--strategy", strategy, "--workers", std::to_string(row.workers), "--days", std::to_string(row.items),
      "--url",      url};
  const auto add = [&](const char* flag, std::string value) {
    arguments.emplace_back(flag);
    arguments.push_back(std::move(value));
  };
  if (row.loops != 1) add("--loops", std::to_string(row.loops));
  if (row.task != task_kind::scrape) add("--task", std::string{to_string(row.task)});
  if (row.connections != connection_mode::kept) add("--connections", std::string{to_string(row.connections)});
  if (row.warm_up != 0) add("--warm-up", std::to_string(row.warm_up));
  return arguments;
}

/// Command line of any other client: docs/clients.md.
std::vector<std::string> client_arguments(const benchmark_case& row, const std::string& url) {
  auto arguments = row.program->arguments;
  arguments.insert(arguments.end(), {"--url", url, "--task", std::string{to_string(row.task)}, "--workers",
                                     std::to_string(row.workers), "--items", std::to_string(row.items),
                                     "--connections", std::string{to_string(row.connections)}});
  if (row.warm_up != 0) arguments.insert(arguments.end(), {"--warm-up", std::to_string(row.warm_up)});
  return arguments;
}

std::optional<mock_server_process> own_server(const programs& used, const benchmark_case& row) {
  if (!used.server_url.empty()) return std::nullopt;
  return mock_server_process{{.latency = row.latency,
                              .seed = row.seed,
                              .page_kb = row.page_kb,
                              .engine = row.engine,
                              .connections = std::min(row.max_connections(), max_httplib_connections),
                              .executable = used.mock_server}};
}

/// Says how a client ended that closed its output.
std::string end_of(child_process& client) {
  const auto wait_status = client.wait(exit_timeout);
  return wait_status ? describe_end(*wait_status) : "closed its output and continued to run";
}

}  // namespace

const std::filesystem::path& probe_of(const programs& used, const benchmark_case& row) {
  if (used.fetch_probe_native.empty()) {
    if (row.is_native())
      throw std::runtime_error{"there is no fetch_probe_native, which runs strategies on native"};
    return used.fetch_probe;
  }
  // The floor needs no libcurl, which would be part of its memory.
  return row.is_native() || row.strategy == floor_strategy ? used.fetch_probe_native : used.fetch_probe;
}

child_process::options client_process(const programs& used, const benchmark_case& row, const std::string& url,
                                      const client_options& options) {
  child_process::options process{.executable = {},
                                 .environment = options.environment,
                                 .inherited_descriptors = options.inherited_descriptors,
                                 .death_signal = SIGKILL};
  if (row.program == nullptr) {
    process.executable = probe_of(used, row);
    process.arguments = probe_arguments(row, url);
    return process;
  }
  process.executable = row.program->executable;
  process.arguments = client_arguments(row, url);
  // Clients connect to the site itself.
  for (const char* name :
       {"http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"})
    process.environment.emplace_back(name, "");
  std::ranges::copy(row.program->environment, std::back_inserter(process.environment));
  return process;
}

std::string describe_end(int wait_status) {
  if (WIFSIGNALED(wait_status)) return fmt::format("was killed by signal {}", WTERMSIG(wait_status));
  return fmt::format("ended with exit code {}", WEXITSTATUS(wait_status));
}

client_run::client_run(const programs& used, const benchmark_case& row, const client_options& options)
    : row_{row},
      stop_{used.stop},
      server_{own_server(used, row)},
      url_{server_ ? server_->url() : used.server_url},
      watch_{server_ ? std::nullopt : std::optional<server_watch>{url_}},
      client_{client_process(used, row, url_, options)} {
  const auto timeout = start_timeout(row);
  const auto first = read_ready(timeout);
  if (first.status == status::end_of_file)
    throw std::runtime_error{"the client " + end_of(client_) + " before it was ready"};
  if (first.status == status::timed_out)
    throw std::runtime_error{fmt::format("the client was not ready after {} s", timeout / 1s)};
  if (first.line != client_ready && (row.program != nullptr || first.line != version_1_ready)) {
    throw std::runtime_error{
        fmt::format("the client has another protocol: '{}' instead of '{}'", first.line, client_ready)};
  }
  if (watch_) watch_->finish_connecting();
  // Counters of earlier batches and of the warm-up.
  if (watch_ || row.warm_up != 0) reset_stats(url_);
  if (watch_) watch_->reset_count();
}

child_process::read_result client_run::read_ready(std::chrono::nanoseconds timeout) {
  const auto deadline = clock::now() + timeout;
  while (true) {
    const auto left = deadline - clock::now();
    auto response = client_.read_line(watch_ ? std::min<std::chrono::nanoseconds>(left, 100ms) : left);
    if (response.status != status::timed_out || clock::now() >= deadline) return response;
    if (watch_) watch_->check();
  }
}

std::optional<pid_t> client_run::server() const {
  return server_ ? std::optional{server_->pid()} : std::nullopt;
}

client_run::finished_batch client_run::go(const sampler& sample, std::chrono::nanoseconds interval) {
  const auto timeout = batch_timeout(row_);
  const auto begin = clock::now();
  auto next = begin;
  if (!client_.write_line(client_go))
    throw std::runtime_error{"the client " + end_of(client_) + " before its batch"};
  while (true) {
    const auto now = clock::now();
    const auto response = client_.read_line(next_sample(begin, interval, std::max(now, next)) - now);
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
      throw std::runtime_error{"the client " + end_of(client_) + " during its batch"};
    if (watch_) watch_->check();
    if (stop_.stop_requested()) throw run_interrupted{};
    if (clock::now() > begin + timeout)
      throw std::runtime_error{fmt::format("the client had not finished after {} s", timeout / 1s)};
    next = sample();
  }
}

server_stats client_run::stats() {
  if (watch_) watch_->finish_connecting();
  server_stats stats = fetch_stats(url_);
  stats.connections_accepted -= stats.stats_connections + (watch_ ? watch_->connections() : 0);
  return stats;
}

void client_run::end() {
  client_.write_line(client_exit);
  const auto rest = client_.read_line(exit_timeout);
  if (rest.status == status::line)
    throw std::runtime_error{fmt::format("the client printed '{}' after its report", rest.line)};
  const auto wait_status = client_.wait(exit_timeout);
  if (!wait_status)
    throw std::runtime_error{fmt::format("the client had not exited after {} s", exit_timeout / 1s)};
  if (*wait_status != 0) throw std::runtime_error{"the client " + end_of(client_) + " after its batch"};
  if (server_) server_->stop();
}

namespace {

/// CPU times before or after a batch. Reading them takes about 100 µs, outside of the measured time.
struct cpu_times {
  clock::time_point at;
  processor_times processors;
  std::optional<std::chrono::nanoseconds> throttled;
  std::chrono::nanoseconds client;
  /// Used by client, server and bench.
  std::chrono::nanoseconds own;
  std::expected<std::chrono::nanoseconds, process_error> client_delay;
};

std::optional<cpu_times> read_cpu_times(const client_run& run) {
  const auto delay = run_queue_delay(run.client());
  const auto client = process_tree_cpu_time(run.client());
  const auto server = run.server() ? process_cpu_time(*run.server()) : std::chrono::nanoseconds{0};
  const auto bench = process_cpu_time(::getpid());
  const auto processors = read_processor_times();
  if (!client || !server || !bench || !processors) return std::nullopt;
  return cpu_times{.at = clock::now(),
                   .processors = *processors,
                   .throttled = throttled_time(),
                   .client = *client,
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
  client_sampler sampler{
      run.client(), sample_every,
      row.program != nullptr ? client_sampler::watched::process_tree : client_sampler::watched::process};
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
  measured.is_server_elsewhere = !run.server();
  if (before && after) {
    // A client knows nothing of the CPU time of its children.
    if (!measured.report.cpu_us || measured.memory.has_children)
      measured.report.cpu_us =
          std::chrono::duration<double, std::micro>{after->client - before->client}.count();
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
  if (this_build().sanitizers.empty() && (row.program == nullptr || row.program->counts_heap)) {
    heap.emplace(used.heap_count);
    options = {.environment = heap->environment(), .inherited_descriptors = {heap->descriptor()}};
    if (row.program != nullptr)
      std::ranges::copy(row.program->heap_environment, std::back_inserter(options.environment));
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
    // A program that is linked statically takes no preloaded library.
    if (!after.attached && row.program == nullptr)
      throw std::runtime_error{"the heap counter was not loaded into the client"};
    if (after.attached) {
      counted.allocations = static_cast<std::uint64_t>(after.allocations - allocations_before);
      counted.heap_peak_bytes = static_cast<std::uint64_t>(after.peak_bytes);
    }
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
