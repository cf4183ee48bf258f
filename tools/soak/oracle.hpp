#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/soak/run_record.hpp"

namespace farebench::soak {

/// Properties that every run must have; `invariant_table` describes each.
enum class invariant : std::uint8_t {
  no_lost_outcome,
  no_duplicate_outcome,
  no_hang,
  no_exception,
  correct_fares,
  success_has_response,
  own_session,
  attempt_count,
  retry_budget,
  retry_policy,
  matches_server_log,
  failure_has_fault,
  converges,
  within_deadline,
  no_leak,
  same_outcomes,
};

struct invariant_description {
  invariant id;
  std::string_view name;
  /// One line for people.
  std::string_view meaning;
};

/// In the order of the enumeration.
inline constexpr std::array invariant_table{
    invariant_description{invariant::no_lost_outcome, "no_lost_outcome", "every query has an outcome"},
    invariant_description{invariant::no_duplicate_outcome, "no_duplicate_outcome",
                          "no query has two outcomes, and no other index has one"},
    invariant_description{invariant::no_hang, "no_hang", "the batch ends"},
    invariant_description{invariant::no_exception, "no_exception",
                          "the batch throws no exception and its process does not crash"},
    invariant_description{invariant::correct_fares, "correct_fares",
                          "a success holds exactly the fares that the site sells on that day"},
    invariant_description{invariant::success_has_response, "success_has_response",
                          "the site sent status 200 to the attempt that succeeded"},
    invariant_description{invariant::own_session, "own_session",
                          "a search uses a session that its own attempt started"},
    invariant_description{invariant::attempt_count, "attempt_count",
                          "retries are reported in order, and attempts stay within max_attempts"},
    invariant_description{invariant::retry_budget, "retry_budget",
                          "retries and waits stay within the budget and the caps of the policy"},
    invariant_description{invariant::retry_policy, "retry_policy",
                          "retryable failures, and no others, are retried until a limit is reached"},
    invariant_description{invariant::matches_server_log, "matches_server_log",
                          "client and server report the same attempts"},
    invariant_description{invariant::failure_has_fault, "failure_has_fault",
                          "each failed attempt met an injected fault"},
    invariant_description{invariant::converges, "converges",
                          "no retryable failure remains once the faults have ended"},
    invariant_description{invariant::within_deadline, "within_deadline",
                          "the batch ends within the deadlines of its scrapes"},
    invariant_description{invariant::no_leak, "no_leak",
                          "descriptors, threads and heap return to their levels, also over many runs"},
    invariant_description{invariant::same_outcomes, "same_outcomes",
                          "all strategies and transports have the same outcomes under the same faults"},
};

static_assert([] {
  for (std::size_t i = 0; i < invariant_table.size(); ++i) {
    if (invariant_table[i].id != static_cast<invariant>(i)) return false;
  }
  return invariant_table.back().id == invariant::same_outcomes;
}());

constexpr std::string_view to_string(invariant id) {
  return invariant_table[static_cast<std::size_t>(id)].name;
}

/// An invariant that a run violated.
struct violation {
  invariant violated;
  /// One line for people.
  std::string detail;
};

/// Checks a run against every invariant that concerns one run. Pure. Computes the expected fares from the
/// site's timetable, and uses types and texts of the library but not its retry code.
std::vector<violation> judge(const run_record& run);

/// Checks same_outcomes over clients that met the same faults: the fares of each query, or the kind and
/// status of its error. Returns one violation per client that differs from the first, with its name.
std::vector<std::pair<std::string_view, violation>> judge_together(
    const std::vector<std::pair<std::string_view, const run_record*>>& runs);

/// True if a later attempt may succeed. Follows the documentation of fetch_policy, independently of the
/// library's own implementation, so that the oracle does not share its errors.
bool is_retryable(const fetch_error& error);

}  // namespace farebench::soak
