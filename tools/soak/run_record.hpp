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

/// An outcome as the sink was given it.
struct told_outcome {
  std::size_t index;
  outcome result;
};

/// A repeat as on_retry told of it.
struct told_retry {
  std::size_t index;
  std::size_t attempt;  ///< that failed, from 1
  fetch_error why;
  std::chrono::milliseconds wait;
};

/// A line of the server's log (see fault_log).
struct logged_exchange {
  std::optional<std::chrono::year_month_day> date;
  std::optional<std::uint64_t> session;
  int step = 0;               ///< 1: GET /m/; 2: the search; 0: neither
  std::uint32_t attempt = 0;  ///< 0: not known
  std::optional<fault_kind> fault;
  int status = 0;  ///< 0: none was sent
};

/// What the client's process holds.
struct held_resources {
  std::size_t descriptors = 0;
  std::size_t threads = 0;
  std::int64_t heap_bytes = 0;
};

/// All that is known of one batch run by one strategy against a site that misbehaves: what was asked for,
/// what the client said, what the server wrote down, and what it cost. A value; the oracle judges it.
struct run_record {
  // What was asked for.
  std::vector<query> asked;  ///< by index; no date twice
  std::size_t page_kb = 3;
  std::size_t workers = 1;
  fetch_policy policy = {};
  std::uint32_t faults_until = UINT32_MAX;  ///< the last attempt that may meet a fault
  /// The site was there all the time: what the client says that it asked has reached it.
  bool site_stayed_up = true;
  /// A fault may strike exchanges that it was not drawn for (a listener that is closed refuses everybody; a
  /// connection that is reset behind an answer takes the next request along).
  bool faults_spread = false;

  // What became of it, in the order in which it was told.
  std::vector<told_outcome> outcomes = {};
  std::vector<told_retry> retries = {};
  std::vector<logged_exchange> log = {};
  std::string threw = {};  ///< what run() ended with, if not well
  std::chrono::milliseconds wall{0};
  held_resources before = {};
  held_resources after = {};
};

/// One line of a fault log (see fault_log). Throws std::runtime_error with the line when it is not one.
logged_exchange read_log_line(std::string_view line);

/// A server's log, read a run at a time. The file is this object's: removed before and after.
/// Of a process that was killed it is left, and whoever killed it may remove it.
class log_tail {
 public:
  /// Under the system's folder for temporary files, named after this process.
  log_tail();
  static std::filesystem::path path_of(pid_t process);
  ~log_tail();
  log_tail(const log_tail&) = delete;
  log_tail& operator=(const log_tail&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// What has been written since the last call.
  std::vector<logged_exchange> read_new();

 private:
  std::filesystem::path path_;
  std::streamoff read_bytes_ = 0;
};

}  // namespace farebench::soak
