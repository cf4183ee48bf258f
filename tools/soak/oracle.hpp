#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/soak/run_record.hpp"

namespace farebench::soak {

/// The laws that a run is held to. Closed.
enum class law : std::uint8_t {
  none_lost,              ///< each query has an outcome
  none_twice,             ///< and one only
  none_hung,              ///< the batch ends
  ends_well,              ///< and throws nothing
  right_fares,            ///< a success is what the site sells on that day
  has_its_answer,         ///< a success was answered by the site, in the attempt that it ended with
  own_session,            ///< a search is made in the session that its own attempt began
  counted_attempts,       ///< repeats are told of one by one, and are no more than max_attempts allows
  within_budget,          ///< a batch repeats no more often than its budget allows
  repeats_what_may_pass,  ///< repeats what may pass and nothing else, and gives up no sooner than it must
  agrees_with_log,        ///< client and server tell of the same attempts
  has_a_cause,            ///< a failure was met with a fault
  converges,              ///< once the faults end, what may pass has passed
  in_time,                ///< the batch ends within the deadlines of its scrapes
  gives_back,             ///< descriptors, threads and memory are as before
  same_everywhere,        ///< every strategy comes home with the same
};

std::string_view name_of(law broken);

/// A law broken by a run.
struct breach {
  law broken;
  std::string detail;  ///< one line for people
};

using breaches = std::vector<breach>;

/// What a client said of one query, put in order. Views of a run_record, which must outlive it.
struct told_scrape {
  std::vector<const told_retry*> retries;  ///< in the order in which they were told
  std::vector<const outcome*> outcomes;    ///< one, of a client that is right

  /// Its only outcome, or null.
  const outcome* result() const { return outcomes.size() == 1 ? outcomes.front() : nullptr; }
  /// How many attempts it says that it made. The last one of a scrape whose deadline had passed before it
  /// could begin, or that was never sent, is none.
  std::size_t attempts() const;
  /// What attempt `number` (from 1, to attempts()) came to; null for the one that came home with fares.
  const fetch_error* failure_of(std::size_t number) const;
};

/// By index. What was told of an index that was not asked for is left out.
std::vector<told_scrape> told_scrapes(const run_record& run);

/// Whether a failure may have passed by the next attempt. Written from fetch_policy's words, and not the
/// library's own function: the oracle must not share its mistakes.
bool may_pass(const fetch_error& why);
/// A 403 on the search, after which a scrape logs in again, once.
bool is_expired_session(const fetch_error& why);

/// "day 3 (2026-03-04)", for messages.
std::string day_text(const run_record& run, std::size_t index);

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
