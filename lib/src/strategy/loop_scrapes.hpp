#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

#include "farebench/event_loop.hpp"
#include "strategy/batch_run.hpp"
#include "strategy/scrape.hpp"

namespace farebench {

/// The workers of one event loop, and what they share; all in one thread. With several loops each has its
/// part of the workers, and all take their queries from the same run.
class loop_scrapes {
 public:
  /// Workers [first, end) of the run.
  loop_scrapes(batch_run& run, std::size_t first, std::size_t end, event_loop::waiting how)
      : run_{run}, first_{first}, end_{end}, loop_{end - first, how} {}

  const batch& work() const { return run_.work(); }
  event_loop& loop() { return loop_; }
  std::size_t workers() const { return end_ - first_; }

  /// Calls `start(first)` for each of this loop's workers, with the index of its first query. After a stop,
  /// the rest are not started.
  template <typename Start>
  void start_workers(Start&& start) {
    // Between two looks at the sockets: the first requests are on their way while the last workers are made.
    constexpr std::size_t started_a_turn = 32;
    for (std::size_t index = first_; index < end_; ++index) {
      if (work().stop.stop_requested() || run_.has_failed()) {
        cancel(index);
        continue;
      }
      start(index);
      if (index % started_a_turn == started_a_turn - 1) loop_.turn();
    }
  }

  std::optional<std::size_t> next() { return run_.next(); }
  void deliver(std::size_t index, outcome&& result) { run_.deliver(index, std::move(result)); }
  /// The same for a worker's query, which it has no more.
  void deliver(std::optional<std::size_t>& index, outcome&& result) {
    deliver(*std::exchange(index, std::nullopt), std::move(result));
  }
  /// When the loop has ended: the query that a worker still has, if any, ends as cancelled. After a failure,
  /// none is delivered any more.
  void cancel(const std::optional<std::size_t>& index) {
    if (index && !run_.has_failed()) run_.deliver(*index, cancelled_outcome());
  }
  void fail() { run_.fail(std::current_exception()); }

 private:
  batch_run& run_;
  const std::size_t first_;
  const std::size_t end_;
  event_loop loop_;
};

/// Runs a batch on as many event loops as it asks for, each on a thread of its own (one: on the calling
/// thread). `work_off` is a loop's whole life: starts its workers, runs the loop, and after a stop gives the
/// queries that they have their outcome.
void run_on_loops(const batch& work, const outcome_sink& sink, event_loop::waiting how,
                  const std::function<void(loop_scrapes&)>& work_off);

}  // namespace farebench
