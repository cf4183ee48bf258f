#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "farebench/fare.hpp"
#include "farebench/fetch_policy.hpp"
#include "mock_server/faults/fault_plan.hpp"

namespace farebench::soak {

/// One call of the outcome sink.
struct reported_outcome {
  std::size_t index;
  outcome result;
};

/// One call of on_retry.
struct reported_retry {
  std::size_t index;
  /// The attempt that failed, from 1.
  std::size_t attempt;
  fetch_error error;
  std::chrono::milliseconds wait;
};

/// One line of the server's fault log (`mock_server --fault-log`).
struct logged_exchange {
  std::optional<std::chrono::year_month_day> date;
  std::optional<std::uint64_t> session;
  /// 1: GET /m/; 2: the search; 0: another request.
  int step = 0;
  /// From 1; 0: unknown.
  std::uint32_t attempt = 0;
  std::optional<fault_kind> fault;
  /// HTTP status; 0: the server sent none.
  int status = 0;
};

/// Resources of the client's process at one moment.
struct held_resources {
  std::size_t descriptors = 0;
  std::size_t threads = 0;
  std::int64_t heap_bytes = 0;
};

/// Everything known about one batch run by one client against a faulty site: the input, the client's
/// reports, the server's log and the cost. A value; the oracle judges it.
struct run_record {
  // Input.

  /// By index; all dates differ.
  std::vector<query> queries;
  std::size_t page_kb = 3;
  std::size_t workers = 1;
  fetch_policy policy = {};
  /// The last attempt that may meet a fault.
  std::uint32_t faults_until = UINT32_MAX;
  /// False if the server was killed during the run: then its log may lack exchanges that the client made.
  bool site_stayed_up = true;
  /// A fault may also affect exchanges for which it was not drawn. A closed listener refuses every client. A
  /// connection reset after a response also fails the next request on it.
  bool faults_spread = false;

  // Results, in the order in which they were reported.

  std::vector<reported_outcome> outcomes = {};
  std::vector<reported_retry> retries = {};
  std::vector<logged_exchange> log = {};
  /// Message of the exception that ended the run; empty: none.
  std::string exception = {};
  std::chrono::milliseconds wall{0};
  held_resources resources_before = {};
  held_resources resources_after = {};
};

/// Parses one line of a fault log. Throws std::runtime_error, quoting the line, if it is invalid.
logged_exchange parse_log_line(std::string_view line);

/// Reads a server's fault log in steps. Owns the file: the constructor and the destructor remove it. A killed
/// process leaves its file, which the process that killed it may remove.
class log_tail {
 public:
  log_tail();
  ~log_tail();
  log_tail(const log_tail&) = delete;
  log_tail& operator=(const log_tail&) = delete;

  /// The file of that process, in the system's folder for temporary files.
  static std::filesystem::path path_of(pid_t process);

  const std::filesystem::path& path() const { return path_; }
  /// Returns the lines written since the last call. If the server was killed, leaves out a line that the kill
  /// has cut. Throws as parse_log_line.
  std::vector<logged_exchange> read_new(bool was_killed = false);

 private:
  std::filesystem::path path_;
  std::streamoff read_bytes_ = 0;
};

}  // namespace farebench::soak
