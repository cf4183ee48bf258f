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

class event_loop;

/// Called with the result of an exchange from inside `event_loop::run`, when libcurl has been left: it
/// may start exchanges, destroy clients, and throw (the exception leaves `run`).
using exchange_completion = std::function<void(exchange_result)>;

/// One connection's worth of HTTP on a loop: its first exchange makes a connection, which is kept for those
/// that follow, one exchange at a time. Must not outlive its loop. Destroyed in flight, it is taken out of
/// the loop, its connection is closed, and its completion is never called.
class loop_client {
 public:
  /// Throws std::system_error when libcurl has no handle to give.
  loop_client(event_loop& loop, const fetch_limits& limits);
  ~loop_client();
  loop_client(loop_client&&) noexcept;
  loop_client& operator=(loop_client&&) = delete;

 private:
  friend class event_loop;
  struct state;
  std::unique_ptr<state> state_;
};

/// Many HTTP exchanges in flight in one thread: `start` one and have it completed later, with a
/// callback or with `co_await`. Belongs to the thread that calls `run`; nothing here is thread-safe but
/// `interrupt` and the stop token of `run`.
class event_loop {
 public:
  /// How the loop waits for sockets. They differ in nothing else.
  enum class wait_mode {
    socket_action,  ///< curl_multi_socket_action on an epoll: costs what is ready
    multi_poll,     ///< curl_multi_perform and curl_multi_poll: costs what is in flight, each turn
  };

  /// `connections`: how many clients there will be at most; more work too, but slower.
  /// Throws std::system_error naming the call.
  explicit event_loop(std::size_t connections, wait_mode how = wait_mode::socket_action);
  ~event_loop();
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;

  /// Starts an exchange on an idle client. Never completes it inside this call.
  void start(loop_client& client, exchange_request request, exchange_completion on_done);

  class exchange_awaiter;
  /// The same for a coroutine: `co_await loop.exchange(client, request)` is the exchange's result, or throws
  /// what its `on_body` threw. Starts the exchange at once, and is to be awaited at once. Resumed inside
  /// `run`, in its thread. A coroutine destroyed while it waits must destroy its client too, or before.
  exchange_awaiter exchange(loop_client& client, exchange_request request);

  /// Waits for a moment: `on_due` is called once it has come, never inside this call. Of several the one that
  /// is due first ends first.
  void wait(loop_timer& timer, loop_timer::clock::time_point moment, wait_completion on_due);
  /// The same for a coroutine: `co_await loop.wait_until(moment)`, at once. Resumed inside `run`, in its
  /// thread.
  wait_awaiter wait_until(loop_timer::clock::time_point moment);
  /// Whoever waits now waits no longer: the next turn ends each wait, as if its moment had come.
  void expire_timers();

  /// Runs until no exchange is in flight and nobody waits (then it returns true), or until a stop is
  /// requested or `interrupt` called, which leaves them as they are: `run` again, or destroy their clients
  /// and timers. Throws std::system_error when epoll fails, std::runtime_error when libcurl does, and what a
  /// completion threw.
  bool run(const std::stop_token& stop = {});
  /// Ends the `run` under way, or the next one. From any thread.
  void interrupt() noexcept;

  /// Does what can be done now, without waiting: for who starts many exchanges, so that the first are on
  /// their way while the last are being made. Completes what is done; throws as `run`.
  void poll_once();

 private:
  friend class loop_client;
  struct state;
  std::unique_ptr<state> state_;
};

/// See event_loop::exchange. Lives in the coroutine's frame, where it takes as little as can be: the request
/// is on its way, and the result is fetched from the client.
class [[nodiscard]] event_loop::exchange_awaiter {
 public:
  exchange_awaiter(event_loop& loop, loop_client& client, exchange_request&& request);
  exchange_awaiter(const exchange_awaiter&) = delete;
  exchange_awaiter& operator=(const exchange_awaiter&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) noexcept;
  exchange_result await_resume();

 private:
  loop_client::state& client_;
};

inline event_loop::exchange_awaiter event_loop::exchange(loop_client& client, exchange_request request) {
  return {*this, client, std::move(request)};
}

}  // namespace farebench
