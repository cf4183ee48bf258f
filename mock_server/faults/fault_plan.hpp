#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "mock_server/faults/attempt_step.hpp"
#include "mock_server/faults/fault_rates.hpp"
#include "mock_server/site/random_stream.hpp"

namespace farebench {

/// Which fault each exchange meets: a pure function of the seed and of the exchange's date (or session), step
/// and attempt, so that every strategy and every run meets the same ones. A value; any thread.
struct fault_plan {
  static constexpr std::uint32_t for_ever = std::numeric_limits<std::uint32_t>::max();

  fault_rates rates = {};
  std::uint64_t seed = 0;
  std::uint32_t until_attempt = for_ever;  ///< a later attempt meets none, so that everything ends well

  /// Nothing: answer as it should be. Where the fault drawn does not apply to that step, too: so `a:10%` is
  /// 10 % of the exchanges that it applies to, whatever else is asked for.
  std::optional<fault_kind> at(const attempt_step& exchange) const;
  /// What the fault itself then draws (a row, a status), as reproducible.
  random_stream details_at(const attempt_step& exchange) const;
};

}  // namespace farebench
