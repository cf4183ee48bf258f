#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "strategy/scrape_attempt.hpp"

namespace farebench {

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
