#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "bench/cases.hpp"
#include "bench/probe/client_protocol.hpp"
#include "bench/server_elsewhere.hpp"
#include "bench/timeline/client_sampler.hpp"
#include "lib/system/child_process.hpp"
#include "mock_server/mock_server_process.hpp"
#include "mock_server/server_stats.hpp"

namespace farebench {

/// Programs of a measurement.
struct programs {
  std::filesystem::path mock_server;
  std::filesystem::path fetch_probe;
  /// Empty: no rows on the native transport; fetch_probe runs the floor.
  std::filesystem::path fetch_probe_native = {};
  /// The preloaded library.
  std::filesystem::path heap_count;
  /// Ends a run with run_interrupted.
  std::stop_token stop = {};
  /// URL of a mock server that runs elsewhere. Empty: each measurement starts its own.
  std::string server_url = {};
};

/// A stop was requested during a run.
class run_interrupted : public std::runtime_error {
 public:
  run_interrupted() : std::runtime_error{"interrupted"} {}
};

/// Additions to the environment of a client.
struct client_options {
  std::vector<std::pair<std::string, std::string>> environment = {};
  std::vector<int> inherited_descriptors = {};
};

/// Returns the probe that runs a case without a program of its own. Throws std::runtime_error if there is
/// none.
const std::filesystem::path& probe_of(const programs& used, const benchmark_case& row);

/// Returns the program, arguments and environment of a client for a case and a site.
child_process::options client_process(const programs& used, const benchmark_case& row, const std::string& url,
                                      const client_options& options = {});

/// Returns "ended with exit code 1" or "was killed by signal 9" for a wait status (see waitpid).
std::string describe_end(int wait_status);

/// A new client process, and a new server unless it runs elsewhere: ready when the constructor returns,
/// stopped by the destructor. Bound to one thread. All functions throw std::runtime_error or
/// std::system_error that says which program failed and why, and server_lost if the server elsewhere has
/// ended or cannot be reached: up to 10 s after that.
class client_run {
 public:
  client_run(const programs& used, const benchmark_case& row, const client_options& options = {});
  client_run(const client_run&) = delete;
  client_run& operator=(const client_run&) = delete;

  pid_t client() const { return client_.pid(); }
  /// nullopt if the server runs elsewhere.
  std::optional<pid_t> server() const;

  /// Takes a sample of the client, and returns the earliest time of the next one.
  using sampler = std::function<std::chrono::steady_clock::time_point()>;

  struct finished_batch {
    batch_report report;
    /// From "go" to the report.
    std::chrono::nanoseconds duration;
  };

  /// Runs the batch. Calls `sample` at multiples of `interval` and once after
  /// the report; times that have passed are skipped.
  finished_batch go(const sampler& sample, std::chrono::nanoseconds interval);

  /// Returns the server's figures, without the connections that requested figures and those of the watch.
  server_stats stats();

  /// Ends the client and the server. Throws if the client fails, or prints more than its two lines.
  void end();

 private:
  child_process::read_result read_ready(std::chrono::nanoseconds timeout);

  const benchmark_case row_;
  const std::stop_token stop_;
  // Empty if the server runs elsewhere.
  std::optional<mock_server_process> server_;
  const std::string url_;
  // Absent if the server runs here.
  std::optional<server_watch> watch_;
  child_process client_;
};

/// Figures of a run with heap counting, which is not timed.
struct counted_run {
  /// Absent if the heap cannot be counted.
  std::optional<std::uint64_t> heap_peak_bytes = {};
  /// During the batch. Absent if the heap cannot be counted.
  std::optional<std::uint64_t> allocations = {};
  /// Sampled.
  std::uint64_t sockets_peak = 0;
  /// Served by the server.
  std::uint64_t requests = 0;
};

/// Figures of a timed run: one repetition of a case.
struct measurement {
  /// wall_ms and cpu_us are measured from outside if the client does not report them.
  batch_report report;
  /// From "go" to the report.
  std::optional<double> seen_wall_ms = {};
  bool is_server_elsewhere = false;
  client_memory memory;
  server_stats server;
  /// Time for which the client's threads were ready to run but waited for a core. Absent if a thread ended
  /// during the batch, because its figure is lost with it.
  std::optional<double> run_queue_delay_ms = {};
  /// CPU time of programs other than client, server and bench / wall time: 1 is one core.
  std::optional<double> other_cpu_share = {};
  /// throttled_time() of the control groups that bench, client and server share / wall time.
  std::optional<double> throttled_share = {};
  /// processor_times::steal / wall time.
  std::optional<double> steal_share = {};

  double wall_ms() const { return report.wall_ms.value_or(0); }
};

inline constexpr std::chrono::milliseconds default_sample_every{2};

/// Runs a case once, timed. Throws as client_run.
measurement measure(const programs& used, const benchmark_case& row, std::chrono::nanoseconds sample_every);

/// Runs a case once, counting its allocations and sockets, which slows the client. Throws as client_run.
counted_run count(const programs& used, const benchmark_case& row);

}  // namespace farebench
