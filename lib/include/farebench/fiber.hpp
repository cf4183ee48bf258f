#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "farebench/event_loop.hpp"

namespace farebench {

/// Memory for the stacks of up to `count` fibers at a time: reserved at once, resident only as far as a fiber
/// has touched it, reused from fiber to fiber. Must outlive the fibers that stand on it. Not thread-safe.
///
/// Below each stack lies a page that cannot be touched, so that an overflow is a crash and never someone
/// else's memory. Such guards cost two memory maps a stack, of which a process may have vm.max_map_count:
/// where so many stacks would take more than half of them, they go without (see `guarded`).
class fiber_stacks {
 public:
  /// 32 KiB: a scrape uses 6 KiB of it (measured with libcurl 7.88 and a sink that formats text).
  static constexpr std::size_t default_stack_bytes = 32 * 1024;

  /// Throws std::system_error naming mmap or mprotect.
  explicit fiber_stacks(std::size_t count, std::size_t stack_bytes = default_stack_bytes);
  ~fiber_stacks();
  fiber_stacks(const fiber_stacks&) = delete;
  fiber_stacks& operator=(const fiber_stacks&) = delete;

  std::size_t stack_bytes() const { return stack_bytes_; }
  bool guarded() const { return guarded_; }

  /// The top of a free stack (stacks grow down). Throws std::bad_alloc when all are taken.
  void* take();
  void give_back(void* top);

 private:
  std::size_t stack_bytes_;  // whole pages
  std::size_t mapped_bytes_;
  bool guarded_;
  std::byte* mapped_;
  std::vector<void*> free_tops_;  // the last given back is the first taken: its pages are there
};

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
  friend void await_until(event_loop& loop, loop_timer::clock::time_point moment);
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
void await_until(event_loop& loop, loop_timer::clock::time_point moment);

}  // namespace farebench
