#pragma once

#include "farebench/event_loop.hpp"
#include "farebench/strategy.hpp"

namespace farebench {

/// One query after another on one blocking connection, in the calling thread. `workers` is ignored:
/// there is one, which never exceeds what was asked for.
class sequential final : public strategy {
 public:
  void run(const batch& work, const outcome_sink& sink) override;
};

/// W threads, each scraping one query after another on a blocking connection of its own. The sink is
/// called from the worker's thread, under a lock.
class thread_pool final : public strategy {
 public:
  void run(const batch& work, const outcome_sink& sink) override;
};

/// W stackful fibers over one event loop, in the calling thread: the very scrape function that `sequential`
/// and `thread_pool` run, suspended at each exchange.
class fibers final : public strategy {
 public:
  void run(const batch& work, const outcome_sink& sink) override;
};

/// W C++ coroutines over one event loop, in the calling thread: reads like the blocking scrape, with co_await
/// at each exchange.
class coroutines final : public strategy {
 public:
  void run(const batch& work, const outcome_sink& sink) override;
};

/// Callbacks: W hand-written state machines over one event loop, in the calling thread. Two strategies, which
/// differ in how the loop waits and in nothing else: `multi_socket` and `multi_poll`.
class multi_callbacks final : public strategy {
 public:
  explicit multi_callbacks(event_loop::wait_mode how) : waiting_{how} {}

  void run(const batch& work, const outcome_sink& sink) override;

 private:
  event_loop::wait_mode waiting_;
};

}  // namespace farebench
