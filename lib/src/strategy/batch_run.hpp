#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>

#include "farebench/strategy.hpp"
#include "strategy/check_batch.hpp"

namespace farebench {

/// One run of a batch, as its workers see it: hands out the queries and takes in the outcomes. Any thread.
/// Worker i's first query is query i, so that each worker works (and connects) even when the first ones are
/// done before the last ones start; `next` hands out those behind.
class batch_run {
 public:
  batch_run(const batch& work, const outcome_sink& sink)
      : work_{work}, sink_{sink}, next_{workers_needed(work)} {}

  const batch& work() const { return work_; }

  /// The next query's index; nullopt when none is left, or a stop is requested, or a worker has failed.
  std::optional<std::size_t> next();
  void deliver(std::size_t index, outcome&& result);

  /// A worker ends with this exception. The others end with the query that they have.
  void fail(std::exception_ptr why);
  bool has_failed() const { return failed_.load(std::memory_order_relaxed); }

  /// When all workers have ended: throws the first exception that one ended with; else, after a stop, gives
  /// the queries that no worker took their outcome.
  void end();

 private:
  const batch& work_;
  const outcome_sink& sink_;
  std::atomic<std::size_t> next_;  // the first index that no worker has taken
  std::atomic<bool> failed_ = false;
  std::mutex delivery_;  // the sink's calls never overlap
  std::exception_ptr fault_;
};

}  // namespace farebench
