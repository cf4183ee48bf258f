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
#include "bench/timeline/client_watch.hpp"
#include "lib/system/child_process.hpp"
#include "mock_server/mock_server_process.hpp"
#include "mock_server/server_stats.hpp"

namespace farebench {

/// The programs that a measurement is made with.
struct programs {
  std::filesystem::path mock_server;
  std::filesystem::path fetch_probe;
  std::filesystem::path heap_count;  ///< the preloaded library
  std::stop_token stop = {};         ///< ends a run under way, by run_interrupted

  /// Where they are, and peers/ with the clients in other languages.
  std::filesystem::path folder() const { return fetch_probe.parent_path(); }
};

/// What the client is started with on top of what the bench itself was started with.
struct client_surroundings {
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<int> inherited_descriptors;
};

/// A stop was requested while a client ran.
class run_interrupted : public std::runtime_error {
 public:
  run_interrupted() : std::runtime_error{"interrupted"} {}
};

/// One fresh client process against one fresh server, led through the probe's protocol: ready when
/// constructed, both gone when destroyed. Belongs to the thread that made it. Whatever goes wrong on the way
/// is a std::runtime_error or std::system_error whose text says what happened to which program.
class client_run {
 public:
  client_run(const programs& with, const benchmark_case& row, const client_surroundings& surroundings);

  pid_t client() const { return probe_.pid(); }
  pid_t server() const { return server_.pid(); }

  /// Looks at the client, and returns the moment before which it need not be called again.
  using watching = std::function<std::chrono::steady_clock::time_point()>;

  /// Lets the client run its batch; calls `watch` at every `interval` from now until it reports, and then
  /// once more. Moments that are missed are left out, as those before what `watch` returned.
  batch_report go(const watching& watch, std::chrono::nanoseconds interval);

  /// What the server saw of the client, without the connection that asks.
  server_stats server_side() const;

  /// Ends the client; throws when it does not end well.
  void end();

 private:
  const benchmark_case row_;
  const std::stop_token stop_;
  mock_server_process server_;
  child_process probe_;
};

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
  /// Time for which the client's threads were ready to run but waited for a core. Absent if a thread ended
  /// during the batch, because its figure is lost with it.
  std::optional<double> run_queue_delay_ms = {};
  /// CPU time of programs other than client, server and bench / wall time: 1 is one core.
  std::optional<double> other_cpu_share = {};
};

/// How often a client's memory is looked at where nobody says otherwise.
inline constexpr std::chrono::milliseconds default_sample_every{2};

/// Runs a case once, timed: a fresh client and a fresh server, watched from outside. Throws as client_run.
measurement measure(const programs& with, const benchmark_case& row, std::chrono::nanoseconds sample_every);

/// Runs a case once with its heap counted and its sockets looked at, which slows it: never a source of
/// times. Throws as client_run.
counted_run count(const programs& with, const benchmark_case& row);

}  // namespace farebench
