#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "farebench/fetch_policy.hpp"
#include "farebench/outcome.hpp"
#include "farebench/query.hpp"
#include "mock_server/faults/fault_kind.hpp"

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

}  // namespace farebench::soak
