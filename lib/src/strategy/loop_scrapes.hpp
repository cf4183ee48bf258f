#pragma once

#include <cstddef>
#include <optional>

#include "farebench/event_loop.hpp"
#include "farebench/strategy.hpp"
#include "strategy/check_batch.hpp"
#include "strategy/scrape.hpp"

namespace farebench {

/// What the workers of one run over an event loop share; all in one thread. Hands out the queries and
/// takes in the outcomes, so that a stop finds out which are still owed.
class loop_scrapes {
 public:
  loop_scrapes(const batch& work, const outcome_sink& sink, event_loop& loop)
      : work_{work}, sink_{sink}, loop_{loop}, next_{workers_needed(work)} {}

  const batch& work() const { return work_; }
  event_loop& loop() const { return loop_; }

  /// Calls `start(i)` for each worker i, whose first query is its own, query i, so that each worker works
  /// (and connects) even when the first ones are done before the last ones start. After a stop, the rest are
  /// not started.
  template <typename Start>
  void start_workers(Start&& start) {
    // Between two looks at the sockets: the first requests are on their way while the last workers are made.
    constexpr std::size_t started_a_turn = 32;
    for (std::size_t i = 0; i < workers_needed(work_); ++i) {
      if (work_.stop.stop_requested()) {
        deliver(i, cancelled_outcome());
        continue;
      }
      start(i);
      if (i % started_a_turn == started_a_turn - 1) loop_.turn();
    }
  }

  /// The next query's index; nullopt when none is left, or a stop is requested, or a worker has failed.
  std::optional<std::size_t> next() {
    if (next_ >= work_.size || work_.stop.stop_requested() || failed_) return std::nullopt;
    return next_++;
  }
  void deliver(std::size_t index, outcome&& result) const { sink_(index, std::move(result)); }

  /// A worker has thrown: the others end with the query that they have.
  void fail() { failed_ = true; }
  /// After a stop: the queries that no worker took.
  void cancel_rest() {
    while (next_ < work_.size) deliver(next_++, cancelled_outcome());
  }

 private:
  const batch& work_;
  const outcome_sink& sink_;
  event_loop& loop_;
  std::size_t next_;  // the first index that no worker has taken
  bool failed_ = false;
};

}  // namespace farebench
