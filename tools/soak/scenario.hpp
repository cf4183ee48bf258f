#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "farebench/fetch_policy.hpp"

namespace farebench::soak {

/// A named set of faults: each fault of the mock server alone, in 40 % of the exchanges, or a combination.
struct fault_scenario {
  std::string name;
  /// One line for people; empty for a single fault, which mock_server describes.
  std::string_view meaning = {};
  /// In the format of `mock_server --faults`.
  std::string faults;
  /// Outcomes depend on timing, so that strategies may differ. A listener closed for 30 ms refuses only the
  /// connections of that time. A connection reset after a response fails before or after the next request. A
  /// killed server loses the requests in flight. The first failures use up a retry budget.
  bool depends_on_timing = false;
  /// See run_record.
  bool faults_spread = false;
  bool restarts_server = false;
};

const std::vector<fault_scenario>& all_scenarios();

/// Returns null for an unknown name.
const fault_scenario* find_scenario(std::string_view name);

/// Configuration of a client and its server for one scenario and one seed. A value.
struct soak_plan {
  std::size_t days;
  std::size_t workers;
  std::size_t loops;
  std::size_t page_kb;
  std::chrono::milliseconds latency;
  /// The last attempt that may meet a fault; empty: faults never end.
  std::optional<std::uint32_t> faults_until;
  fetch_policy policy;
};

/// Pure. The seed varies workers, loops, page size, compression and whether faults end.
soak_plan make_plan(const fault_scenario& scenario, std::uint64_t seed);

}  // namespace farebench::soak
