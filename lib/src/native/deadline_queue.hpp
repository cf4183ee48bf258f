#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "native/intrusive_list.hpp"

namespace farebench {

/// Deadline of one client, which derives from it or contains it. It is set while it is linked.
class deadline_entry : public list_node {
  friend class deadline_queue;

  // Milliseconds of the clock, modulo 2³².
  std::uint32_t due_ = 0;
  // Time at which the queue checks the entry: not after due_.
  std::uint32_t check_ = 0;
};

/// Deadlines of many clients, most of which are cancelled before they are due. Setting and cancelling takes
/// constant time and allocates nothing.
///
/// There is one list per power of two. An entry whose remaining time is 2^k to 2^(k+1) − 1 ms is appended to
/// list k and checked after 2^k ms; if it is not due then, it moves to the list of what remains. All entries
/// of a list wait equally long, so that the first is the next to be checked. A deadline of one second is
/// checked at most ten times.
///
/// Times are rounded up to milliseconds of the clock: an entry is due less than 1 ms after its deadline and
/// never before. A `now` earlier than one given before counts as that one. Not thread-safe.
class deadline_queue {
 public:
  using clock = std::chrono::steady_clock;

  /// Maximum time to a deadline, 24.8 days. Later deadlines are due after this time.
  static constexpr std::chrono::milliseconds max_remaining{INT32_MAX};

  /// Sets an entry, or changes its deadline. `due` may be in the past. `unlink` of the entry cancels it.
  void set(deadline_entry& entry, clock::time_point now, clock::time_point due) noexcept;

  /// Time at which pop_due must be called next, or nullopt if no entry is set. May be earlier than all
  /// deadlines.
  std::optional<clock::time_point> next_wake_up() const noexcept;
  /// Removes and returns an entry that is due, or nullptr if none is. Entries that are due at the same
  /// time are returned in no particular order.
  deadline_entry* pop_due(clock::time_point now) noexcept;

 private:
  // List 0 has entries that are due at once, list k + 1 those that are checked after 2^k ms. The last one has
  // longer deadlines than a day, too: they are checked every 18.6 hours.
  static constexpr std::size_t list_count = 28;

  void advance(clock::time_point now) noexcept;
  std::int32_t remaining_until(std::uint32_t time) const noexcept;
  void insert(deadline_entry& entry) noexcept;

  // Latest time that was given, in milliseconds.
  std::int64_t now_ = 0;
  std::array<intrusive_list<deadline_entry>, list_count> lists_;
};

}  // namespace farebench
