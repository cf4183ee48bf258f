#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "farebench/fetch_error.hpp"
#include "farebench/fetch_policy.hpp"

namespace farebench {

// Which failures are worth another attempt, and how long it waits. Pure.

/// Whether it may have passed by the next attempt (see fetch_policy).
bool may_pass(const fetch_error& why);

/// Whether the site no longer knew the session with which it was asked for fares: a 403 on the search.
bool is_expired_session(const fetch_error& why);

/// The wait after attempt `number` (from 1) has failed so. `chance`: evenly from [0, 1).
std::chrono::milliseconds wait_before_repeat(const fetch_policy& policy, std::size_t number,
                                             const fetch_error& why, double chance);

/// How many repeats a batch may have made when it has begun so many queries.
double repeats_allowed(const fetch_policy& policy, std::size_t begun);

/// A query as a worker has it: which one, and at which of its attempts. Or none. A value, small: each of
/// thousands of workers has one.
struct scrape_attempt {
  using clock = std::chrono::steady_clock;
  static constexpr std::size_t no_query = static_cast<std::size_t>(-1);

  std::size_t index = no_query;
  clock::time_point begun{};  ///< when its first attempt did
  std::uint32_t number = 0;   ///< of attempts that have begun, the present one included
  bool has_logged_in_again = false;

  explicit operator bool() const { return index != no_query; }
};

/// What a worker is to do next, and when.
struct scrape_piece {
  scrape_attempt attempt;
  std::optional<scrape_attempt::clock::time_point> due;  ///< absent: now
};

/// Queries that wait for their next attempt, the one that is due first in front. Not thread-safe.
class repeat_queue {
 public:
  using clock = scrape_attempt::clock;

  bool empty() const { return waiting_.empty(); }
  /// Makes room for one more, so that the next `add` does not throw.
  void make_room() {
    if (waiting_.size() == waiting_.capacity())
      waiting_.reserve(std::max<std::size_t>(16, 2 * waiting_.size()));
  }
  void add(const scrape_attempt& attempt, clock::time_point due);

  /// The first, if it is due by `now`.
  std::optional<scrape_piece> take_due(clock::time_point now);
  /// The first, whenever it is due; nullopt of none.
  std::optional<scrape_piece> take_first();

 private:
  struct waiting {
    scrape_attempt attempt;
    clock::time_point due;
  };
  static bool is_later(const waiting& one, const waiting& other) { return one.due > other.due; }

  std::vector<waiting> waiting_;  // a heap
};

}  // namespace farebench
