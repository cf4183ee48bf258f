#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "bench/benchmark_case.hpp"
#include "bench/probe/batch_report.hpp"
#include "lib/system/child_process.hpp"
#include "mock_server/mock_server_process.hpp"

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

}  // namespace farebench
