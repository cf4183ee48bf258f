#pragma once

#include <functional>
#include <memory>

#include "farebench/event_loop.hpp"
#include "farebench/fiber_stacks.hpp"

namespace farebench {

/// A function on a stack of its own, which can be left in the middle (`suspend`) and gone on with
/// (`resume`): code that looks as if it blocked, and does not. All fibers that call each other's
/// resume live in one thread.
///
/// Destroying a suspended fiber unwinds its stack, so that everything on it is destroyed; it does so by an
/// exception, which a `catch (...)` in the body must rethrow.
class fiber {
 public:
  fiber(fiber_stacks& stacks, std::function<void()> body);
  ~fiber();
  fiber(fiber&&) noexcept;
  fiber& operator=(fiber&&) = delete;

  /// Runs the body until it suspends or ends. Throws what the body threw. Not from inside itself.
  void resume();
  bool done() const;

  /// Leaves the running fiber: the `resume` that runs it returns. Only inside a body.
  static void suspend();

 private:
  friend exchange_result await_exchange(event_loop& loop, loop_client& client, exchange_request request);
  friend void await_moment(event_loop& loop, loop_timer::clock::time_point moment);
  struct state;
  class stack_allocator;
  std::unique_ptr<state> state_;
};

/// An exchange on `loop` in blocking style: suspends the running fiber until the exchange is done, and is
/// resumed inside `event_loop::run`. The fiber and the client may be destroyed while it waits, the client
/// first or with it.
exchange_result await_exchange(event_loop& loop, loop_client& client, exchange_request request);

/// Suspends the running fiber until that moment; resumed inside `event_loop::run`. The fiber may be destroyed
/// while it waits.
void await_moment(event_loop& loop, loop_timer::clock::time_point moment);

}  // namespace farebench
