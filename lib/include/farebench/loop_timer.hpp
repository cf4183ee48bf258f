#pragma once

#include <chrono>
#include <coroutine>
#include <functional>
#include <memory>
#include <utility>

namespace farebench {

class event_loop;
class loop_timers;

/// Called when a wait has ended, from inside `event_loop::run`; may do what an exchange_completion may.
using wait_completion = std::function<void()>;

/// One wait for a moment on a loop: `event_loop::wait`. Must not outlive its loop. Destroyed or waiting anew,
/// its wait is taken back: it is never completed, and keeps no `run` going.
class loop_timer {
 public:
  using clock = std::chrono::steady_clock;

  loop_timer();
  ~loop_timer();
  loop_timer(loop_timer&&) noexcept;
  loop_timer& operator=(loop_timer&&) noexcept;

 private:
  friend class event_loop;
  friend class wait_awaiter;
  friend class loop_timers;
  struct state;
  std::unique_ptr<state> state_;  // null: it waits for nothing
};

/// See event_loop::wait_until. Without a wait of its own, `co_await` does not suspend. A coroutine may be
/// destroyed while it waits.
class [[nodiscard]] wait_awaiter {
 public:
  wait_awaiter() = default;
  explicit wait_awaiter(loop_timer&& begun) : timer_{std::move(begun)} {}
  wait_awaiter(const wait_awaiter&) = delete;
  wait_awaiter& operator=(const wait_awaiter&) = delete;

  bool await_ready() const noexcept { return !timer_.state_; }
  void await_suspend(std::coroutine_handle<> waiting) noexcept;
  void await_resume() const noexcept {}

 private:
  loop_timer timer_;
};

}  // namespace farebench
