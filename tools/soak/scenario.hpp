#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "farebench/fetch_policy.hpp"

namespace farebench::soak {

/// A way in which a site misbehaves, by name: each fault of the mock server alone (two in five exchanges),
/// and
///   mix         all faults together but those that go by timing, or take a client to its deadline
///   everything  all faults together
///   restart     a server that is killed in the middle, and started again; and some faults
///   outage      503 and nothing else, against a budget of few repeats
struct scenario {
  std::string name;
  std::string faults;  ///< as mock_server has them
  /// What becomes of a query goes by timing too, so that strategies may differ: a listener that is closed for
  /// 30 ms refuses whoever comes then; a connection that is reset behind its answer is found dead before or
  /// after the next request; a server that is killed takes along whoever is under way; a budget is spent by
  /// whoever comes first.
  bool goes_by_timing = false;
  bool faults_spread = false;  ///< see run_record
  bool restarts = false;
};

const std::vector<scenario>& all_scenarios();
const scenario* find_scenario(std::string_view name);

/// What is asked of a strategy, and of its server, in one scenario with one seed. A value.
struct soak_plan {
  std::size_t days;
  std::size_t workers;
  std::size_t loops;
  std::size_t page_kb;
  std::chrono::milliseconds latency;
  std::optional<std::uint32_t> faults_until;
  fetch_policy policy;
};

/// A pure function: seeds vary what is beside the faults (workers, loops, the page's size, whether the faults
/// end, whether compressed bodies are asked for).
soak_plan plan_of(const scenario& how, std::uint64_t seed);

}  // namespace farebench::soak
