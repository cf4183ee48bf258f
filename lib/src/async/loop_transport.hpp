#pragma once

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <memory>

#include "farebench/event_loop.hpp"

namespace farebench {

// The part of an event loop that belongs to its transport. Everything but loop_transport::wake_up is called
// in the thread that runs the loop.

/// Client of an event loop. In flight from start until the loop has taken it from next_finished. Destroying
/// it in flight closes its connection.
class transport_client {
 public:
  explicit transport_client(loop_transport& transport) : transport_{transport} {}
  virtual ~transport_client();
  transport_client(const transport_client&) = delete;
  transport_client& operator=(const transport_client&) = delete;

  /// Starts an exchange on an idle client. Throws std::system_error or std::bad_alloc if there is no memory;
  /// the client is then idle. Must use little stack, because it may run on a fiber.
  virtual void start(exchange_request&& request) = 0;
  /// Makes the exchange in flight end with `cancelled`, unless an exception of its on_body ends it. May be
  /// called by an on_body of the loop.
  virtual void cancel() noexcept = 0;
  /// Returns the result of the exchange that has just finished. Throws the exception of its on_body. Called
  /// at most once, before the next start.
  virtual exchange_result take_result() = 0;

  // Completion of the exchange in flight: one of these.
  exchange_completion on_done;
  std::coroutine_handle<> awaiting;

 protected:
  friend class event_loop;
  loop_transport& transport_;
  bool in_flight_ = false;
};

/// Sends and receives for all clients of one event loop.
class loop_transport {
 public:
  using clock = std::chrono::steady_clock;

  virtual ~loop_transport() = default;

  virtual std::unique_ptr<transport_client> create_client(const fetch_limits& limits) = 0;
  /// Waits until a socket is ready, a timeout of the transport has passed, wake_up is called, or `until`: its
  /// minimum is not waited for at all, its maximum for ever. Throws std::system_error or std::runtime_error.
  virtual void wait(clock::time_point until) = 0;
  /// Handles what the last wait has found, until an exchange has finished. Returns its client, or nullptr
  /// once nothing is left.
  virtual transport_client* next_finished() = 0;
  /// Ends the current wait, or else the next one. Thread-safe.
  virtual void wake_up() noexcept = 0;

  /// Number of exchanges in flight.
  std::size_t in_flight = 0;
};

/// Returns the time from `now` to `until` in milliseconds, rounded up: at least 0, at most a minute.
inline int milliseconds_between(loop_transport::clock::time_point now,
                                loop_transport::clock::time_point until) {
  constexpr int max_wait_ms = 60'000;
  // Both tests also avoid overflow, in differences with the minimum and the maximum.
  if (until <= now) return 0;
  if (until > now + std::chrono::milliseconds{max_wait_ms}) return max_wait_ms;
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(until - now).count());
}

}  // namespace farebench
