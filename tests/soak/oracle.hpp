#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "tests/soak/breach.hpp"
#include "tests/soak/run_record.hpp"

namespace farebench::soak {

/// Holds a run to all the laws that can be told from it alone. A pure function: it knows the site's fares,
/// and nothing of the library but its types.
breaches judge(const run_record& run);

/// Whether strategies that met the same faults came home with the same: the fares of each query, or the kind
/// and status of its error. Of those that differ from the first, one breach each, named by its strategy.
std::vector<std::pair<std::string_view, breach>> judge_together(
    const std::vector<std::pair<std::string_view, const run_record*>>& runs);

// The parts of the first, each for its laws; they append to `found`.

void judge_outcomes(const run_record& run, breaches& found);  ///< none_lost, none_twice, right_fares, …
void judge_attempts(const run_record& run, breaches& found);  ///< counted_attempts, within_budget, …
void judge_log(const run_record& run, breaches& found);   ///< agrees_with_log, own_session, has_a_cause, …
void judge_cost(const run_record& run, breaches& found);  ///< in_time, gives_back

}  // namespace farebench::soak
