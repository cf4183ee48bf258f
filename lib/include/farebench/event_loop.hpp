#pragma once

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <utility>

#include "farebench/exchange.hpp"
#include "farebench/fetch_policy.hpp"
#include "farebench/transport.hpp"

namespace farebench {

class event_loop;
class transport_client;

/// Called by event_loop::run or poll_once, in their thread, with the result of an exchange. May start
/// exchanges and waits, destroy clients and timers (its own included), and throw: the exception leaves run.
/// Must not call run or poll_once, nor destroy the loop.
using exchange_completion = std::function<void(exchange_result)>;

/// Called by event_loop::run or poll_once, in their thread, when a wait has ended. See exchange_completion.
using wait_completion = std::function<void()>;

/// A client with one connection and at most one exchange in flight. Its first exchange connects; later ones
/// reuse the connection and reconnect if it has been lost. Must not outlive its loop.
///
/// Destroying a client whose exchange is in flight closes the connection; the exchange never completes.
class loop_client {
 public:
  /// Throws std::system_error or std::bad_alloc if there is no memory for the client.
  loop_client(event_loop& loop, const fetch_limits& limits);
  ~loop_client();
  /// Moves the client, also one whose exchange is in flight.
  loop_client(loop_client&&) noexcept;
  loop_client& operator=(loop_client&&) = delete;

 private:
  friend class event_loop;
  std::unique_ptr<transport_client> client_;
};

/// Holds one wait started by event_loop::wait. Must not outlive its loop. Destroying the timer, assigning to
/// it or starting another wait with it cancels the wait: it never completes and no longer keeps run going.
class loop_timer {
 public:
  /// Clock of all waits.
  using clock = std::chrono::steady_clock;

  loop_timer();
  ~loop_timer();
  /// Moves the wait.
  loop_timer(loop_timer&&) noexcept;
  /// Cancels this timer's wait and moves the other's.
  loop_timer& operator=(loop_timer&&) noexcept;

 private:
  friend class event_loop;
  friend class wait_awaiter;
  friend class loop_timers;
  struct state;
  // Null if the timer has no wait.
  std::unique_ptr<state> state_;
};

/// Returned by event_loop::wait_until, to be awaited at once. A default-constructed awaiter does not suspend.
/// Destroying the suspended coroutine cancels the wait.
class [[nodiscard]] wait_awaiter {
 public:
  wait_awaiter() = default;
  /// Waits for the end of a wait that has been started.
  explicit wait_awaiter(loop_timer&& timer) : timer_{std::move(timer)} {}
  wait_awaiter(const wait_awaiter&) = delete;
  wait_awaiter& operator=(const wait_awaiter&) = delete;

  bool await_ready() const noexcept { return !timer_.state_; }
  void await_suspend(std::coroutine_handle<> waiting) noexcept;
  void await_resume() const noexcept {}

 private:
  loop_timer timer_;
};

/// Runs many HTTP exchanges and waits concurrently in one thread. Completions are callbacks (`start`,
/// `wait`), coroutines (`exchange`, `wait_until`) or fibers (see fiber.hpp).
///
/// Everything belongs to the thread that calls `run`. Only `interrupt` and the stop token of `run` may be
/// used from other threads.
class event_loop {
 public:
  /// `connections` is the expected number of clients (a sizing hint; exceeding it is slower). Throws
  /// std::system_error naming the call that failed, or std::bad_alloc.
  event_loop(const transport& http, std::size_t connections);
  ~event_loop();
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;

  /// Starts an exchange on an idle client. `on_done` is called later, by run or poll_once, never by start.
  /// Throws std::system_error or std::bad_alloc if there is no memory; the client is then idle. If on_body
  /// throws, run throws that exception instead of calling `on_done`.
  void start(loop_client& client, exchange_request request, exchange_completion on_done);

  /// Ends the client's exchange, in whatever state it is: run or poll_once completes it with the error
  /// `cancelled`, as any other, and closes its connection unless the response is complete. The client is
  /// reusable from that completion on. `on_body` is not called again. Has no effect on an idle client.
  ///
  /// May be called in the loop's thread only, inside and outside of run: also by the exchange's own on_body,
  /// and by completions.
  void cancel(loop_client& client) noexcept;

  class exchange_awaiter;
  /// Starts an exchange for a coroutine: `co_await loop.exchange(client, request)` gives its exchange_result.
  /// Must be awaited at once. The coroutine resumes inside run or poll_once, in their thread.
  ///
  /// Throws as `start`, but an exception of on_body is thrown by the co_await. A suspended coroutine may be
  /// destroyed if its client is destroyed before or with it.
  exchange_awaiter exchange(loop_client& client, exchange_request request);

  /// Waits until `moment`, which may be in the past. `on_due` is called by run or poll_once, never by wait.
  /// Waits complete in the order of their moments; equal ones in the order in which they were started.
  /// Cancels a previous wait of `timer`. Throws std::bad_alloc.
  void wait(loop_timer& timer, loop_timer::clock::time_point moment, wait_completion on_due);
  /// Waits in a coroutine: `co_await loop.wait_until(moment)`. Must be awaited at once. The coroutine resumes
  /// inside run or poll_once, in their thread. Throws std::bad_alloc.
  wait_awaiter wait_until(loop_timer::clock::time_point moment);
  /// Expires all pending waits: the next iteration of run or poll_once completes them, in their order.
  void expire_timers();

  /// Runs until no exchange is in flight and no wait is pending; then returns true. Returns false after a
  /// requested stop or `interrupt`; exchanges and waits remain, to be continued by another run or destroyed.
  ///
  /// Throws std::system_error if epoll fails, std::runtime_error if libcurl does, and the exceptions of
  /// completions. The loop may be run again afterwards.
  bool run(const std::stop_token& stop = {});
  /// Makes the current run return false, or the next one if none is active. Thread-safe.
  void interrupt() noexcept;

  /// Does one iteration of run without waiting: sends and receives what is ready and calls completions.
  /// Useful between many starts, to send the first requests early. Throws as run.
  void poll_once();

 private:
  friend class loop_client;
  struct state;
  std::unique_ptr<state> state_;
};

/// Returned by event_loop::exchange. Holds one pointer, because it is part of the coroutine's frame: the
/// request has already been started and the client keeps the result.
class [[nodiscard]] event_loop::exchange_awaiter {
 public:
  /// Starts the exchange.
  exchange_awaiter(event_loop& loop, loop_client& client, exchange_request&& request);
  exchange_awaiter(const exchange_awaiter&) = delete;
  exchange_awaiter& operator=(const exchange_awaiter&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) noexcept;
  exchange_result await_resume();

 private:
  transport_client& client_;
};

inline event_loop::exchange_awaiter event_loop::exchange(loop_client& client, exchange_request request) {
  return {*this, client, std::move(request)};
}

}  // namespace farebench
