#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "farebench/event_loop.hpp"

namespace farebench {

/// Pool of stacks for up to `count` fibers at a time. The address space is reserved by the constructor; a
/// page uses memory once a fiber has touched it. Freed stacks are reused. Must outlive its fibers. Not
/// thread-safe.
///
/// An inaccessible guard page below each stack turns an overflow into a crash. Guards take two memory maps
/// per stack. If they would take more than half of vm.max_map_count, the pool has none (see `guarded`).
class fiber_stacks {
 public:
  /// A scrape uses 6 KiB (measured with libcurl 7.88 and a sink that formats text).
  static constexpr std::size_t default_stack_bytes = 32 * 1024;

  /// Rounds `stack_bytes` up to whole pages. Throws std::system_error naming mmap or mprotect.
  explicit fiber_stacks(std::size_t count, std::size_t stack_bytes = default_stack_bytes);
  ~fiber_stacks();
  fiber_stacks(const fiber_stacks&) = delete;
  fiber_stacks& operator=(const fiber_stacks&) = delete;

  /// Size of each stack, without its guard page.
  std::size_t stack_bytes() const { return stack_bytes_; }
  /// Returns true if every stack has a guard page.
  bool guarded() const { return guarded_; }

  /// Returns the top of a free stack; stacks grow downwards. Throws std::bad_alloc if all are in use.
  void* allocate();
  /// Frees the stack that `allocate` returned.
  void release(void* top);

 private:
  std::size_t stack_bytes_;
  std::size_t mapped_bytes_;
  bool guarded_;
  std::byte* mapped_;
  // Tops of the free stacks. The last one released is allocated first, because its pages are resident.
  std::vector<void*> free_tops_;
};

/// A function with its own stack, which can suspend itself and be resumed: code in blocking style that does
/// not block its thread. Fibers that resume each other must belong to one thread.
///
/// Destroying a suspended fiber unwinds its stack by an exception, which destroys the body's locals. A
/// `catch (...)` in the body must rethrow it.
class fiber {
 public:
  /// Does not run the body yet. `stacks` must outlive the fiber, which holds a stack from its first resume to
  /// the end of its body.
  fiber(fiber_stacks& stacks, std::function<void()> body);
  ~fiber();
  /// Moves the fiber, also a suspended or running one.
  fiber(fiber&&) noexcept;
  fiber& operator=(fiber&&) = delete;

  /// Runs the body until it suspends or returns. Requires a fiber that is neither running nor done. Throws
  /// the body's exception, and std::bad_alloc if no stack is free.
  void resume();
  /// Returns true once the body has returned or thrown.
  bool done() const;

  /// Suspends the running fiber: its `resume` returns. Must be called inside a fiber's body.
  static void suspend();

 private:
  friend exchange_result await_exchange(event_loop& loop, loop_client& client, exchange_request request);
  friend void await_until(event_loop& loop, loop_timer::clock::time_point moment);
  struct state;
  class stack_allocator;
  std::unique_ptr<state> state_;
};

/// Runs an exchange and suspends the running fiber until it is done. The fiber resumes inside event_loop::run
/// or poll_once, in their thread. Throws as event_loop::start: an exception of on_body leaves run, and the
/// fiber stays suspended. A suspended fiber may be destroyed if its client is destroyed before or with it.
exchange_result await_exchange(event_loop& loop, loop_client& client, exchange_request request);

/// Suspends the running fiber until `moment`. The fiber resumes inside event_loop::run or poll_once, in their
/// thread. Destroying the suspended fiber cancels the wait. Throws std::bad_alloc.
void await_until(event_loop& loop, loop_timer::clock::time_point moment);

}  // namespace farebench
