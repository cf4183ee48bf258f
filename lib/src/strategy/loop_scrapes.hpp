#pragma once

#include <cstddef>
#include <optional>

#include "farebench/event_loop.hpp"
#include "farebench/strategy.hpp"
#include "strategy/scrape.hpp"

namespace farebench {

/// What the workers of one run over an event loop share; all in one thread. Hands out the queries and
/// takes in the outcomes, so that a stop finds out which are still owed.
class loop_scrapes {
 public:
  loop_scrapes(const batch& work, const outcome_sink& sink, event_loop& loop)
      : work_{work}, sink_{sink}, loop_{loop} {}

  const batch& work() const { return work_; }
  event_loop& loop() const { return loop_; }

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
  std::size_t next_ = 0;
  bool failed_ = false;
};

}  // namespace farebench
