#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/soak/run_record.hpp"

namespace farebench::soak {

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

}  // namespace farebench::soak
