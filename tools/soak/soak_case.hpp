#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "farebench/strategy.hpp"
#include "tools/soak/oracle.hpp"
#include "tools/soak/run_record.hpp"
#include "tools/soak/scenario.hpp"

namespace farebench::soak {

/// One scenario with one seed: one site, against which every strategy runs in turn.
struct soak_case {
  const fault_scenario* scenario;
  std::uint64_t seed;
};

/// A step in the progress of a case.
struct case_report {
  enum class kind : std::uint8_t { strategy_begin, strategy_end, violation_found };
  kind type = kind::strategy_begin;
  std::string strategy = {};
  /// Set for strategy_end.
  std::size_t outcomes = 0;
  /// Set for violation_found.
  violation found = {invariant::no_exception, {}};
};

using case_listener = std::function<void(const case_report& report)>;

using strategy_factory = std::function<std::unique_ptr<strategy>(std::string_view name)>;

/// Runs each strategy in turn against one mock server, then checks the invariants, for each strategy alone
/// and over all of them. Repeats a run that violated an invariant, at most twice, if the machine stalled
/// meanwhile for a quarter of the exchange deadline or for 500 ms. Calls `listener` on this thread. Throws
/// std::system_error or std::runtime_error if the server does not start.
void run_case(const soak_case& work, std::span<const std::string> strategies, const strategy_factory& make,
              const case_listener& listener);

/// Detects resources that grow over many cases, although each case is correct. Not thread-safe.
class growth_detector {
 public:
  /// Call after each case. Describes the growth since the fifth call, when everything that is created only
  /// once exists; empty if there is no significant growth. Reports each growth once.
  std::string check();

 private:
  int calls_ = 0;
  held_resources first_;
};

}  // namespace farebench::soak
