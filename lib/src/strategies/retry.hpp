#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "farebench/fetch_error.hpp"
#include "farebench/fetch_policy.hpp"

namespace farebench {

// Retries: which failures get another attempt, after which delay, and the queue of attempts that are not due
// yet. The functions are pure; fetch_policy documents the rules.

/// Returns true for the status of a response that another attempt may improve.
bool is_retryable_status(int status);

/// Returns true if another attempt may succeed.
bool is_retryable(const fetch_error& error);

/// Returns true for a 403 in response to the search: the site no longer accepts the session.
bool is_expired_session(const fetch_error& error);

/// Returns the delay after attempt `number` (from 1) failed with `error`. `random` is uniform in [0, 1).
std::chrono::milliseconds retry_delay(const fetch_policy& policy, std::size_t number,
                                      const fetch_error& error, double random);

/// Returns the number of retries allowed to a batch that has started `queries` queries.
double max_retries(const fetch_policy& policy, std::size_t queries);

/// An item and its current attempt, or no item. Each of thousands of workers holds one: keep it small.
struct scrape_attempt {
  using clock = std::chrono::steady_clock;
  static constexpr std::size_t no_item = static_cast<std::size_t>(-1);

  std::size_t index = no_item;
  /// Start of the item's first attempt.
  clock::time_point start{};
  /// Number of the current attempt, from 1; 0 before the first.
  std::uint32_t number = 0;
  bool has_renewed_session = false;
  /// False if a repeated request could have another effect than one.
  bool may_retry = true;

  explicit operator bool() const { return index != no_item; }
};

/// An attempt, and the time at which it is due. Without a time it is due now.
struct scheduled_attempt {
  scrape_attempt attempt;
  std::optional<scrape_attempt::clock::time_point> due;
};

/// Attempts that are not due yet, ordered by time. Not thread-safe.
class retry_queue {
 public:
  using clock = scrape_attempt::clock;

  bool empty() const { return entries_.empty(); }
  /// Reserves room for one attempt, so that the next `push` does not throw.
  void make_room();
  void push(const scrape_attempt& attempt, clock::time_point due);

  /// Removes the first attempt if it is due at `now`; it is then returned without a time.
  std::optional<scheduled_attempt> pop_due(clock::time_point now);
  /// Removes the first attempt, due or not.
  std::optional<scheduled_attempt> pop_first();

 private:
  struct entry {
    scrape_attempt attempt;
    clock::time_point due;
  };
  static bool is_later(const entry& left, const entry& right) { return left.due > right.due; }

  // Heap, with the first due entry at the front.
  std::vector<entry> entries_;
};

}  // namespace farebench
