#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "bench/cases.hpp"
#include "bench/measurement.hpp"
#include "bench/probe/client_protocol.hpp"
#include "mock_server/faults/fault_plan.hpp"
#include "mock_server/server_stats.hpp"

namespace farebench {

/// How a trial ends a client.
enum class ending { exit, closed_input, other_line };

/// One run of a client against a mock server of its own.
struct trial {
  benchmark_case row;
  ending how = ending::exit;
  /// Ends the client in place of "go".
  bool ends_before_go = false;
  bool names_unknown_task = false;
  /// Otherwise its port refuses connections.
  bool has_server = true;
  /// Text of the server's flag --faults.
  std::string faults = {};
};

/// A request in the server's log of faults.
struct logged_exchange {
  /// Absent for a request that is not for the page of an item.
  std::optional<std::size_t> item = {};
  std::optional<fault_kind> fault = {};
  int status = 0;
};

/// Observations of a trial, up to where it failed.
struct trial_result {
  /// Lines that are not of the protocol.
  std::vector<std::string> other_lines = {};
  /// Empty if the client was ready.
  std::string start_failure = {};
  /// Exit code of a client that was not ready.
  std::optional<int> start_exit_code = {};
  /// Empty if the client reported, or was not to run its batch.
  std::string batch_failure = {};
  batch_report report = {};
  /// Of steady_clock.
  double go_at_s = 0;
  double report_at_s = 0;
  /// Empty if the client ended as it should.
  std::string end_failure = {};

  /// Requests of a trial with faults.
  std::vector<logged_exchange> log = {};

  // Without the connections of the check itself. Those of the batch begin at 0.
  server_stats ready;
  server_stats reported;
  server_stats ended;
};

/// Time limits of a client. Much longer than any needs, also on a busy machine.
struct trial_limits {
  std::chrono::milliseconds start = std::chrono::seconds{60};
  std::chrono::milliseconds batch = std::chrono::seconds{60};
  std::chrono::milliseconds end = std::chrono::seconds{30};
};

/// Starts the client, runs its batch and ends it; kills it at a limit. One at a time in a process.
/// Throws std::system_error or std::runtime_error if the mock server or the client's program cannot be
/// started.
trial_result run_trial(const programs& used, const trial& tried, const trial_limits& limits);

}  // namespace farebench
