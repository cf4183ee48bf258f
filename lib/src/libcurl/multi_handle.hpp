#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "libcurl/watched_sockets.hpp"

namespace farebench {

/// A transfer that has ended, as libcurl reported it.
struct finished_transfer {
  CURL* easy;
  CURLcode code;
  // Errno if the transfer's socket could not be watched, otherwise 0.
  int watch_errno = 0;
};

/// Transfers that have ended and wait for their completion, in order. All memory is allocated in the
/// constructor: a full queue leaves further transfers to the next iteration of the loop. Not thread-safe.
class finished_transfers {
 public:
  explicit finished_transfers(std::size_t capacity) : capacity_{capacity} { queue_.reserve(capacity); }

  bool empty() const { return first_ == queue_.size(); }
  bool full() const { return queue_.size() == capacity_; }
  bool contains(const CURL* easy) const;

  /// Requires !full().
  void add(CURL* easy, CURLcode code, int watch_errno = 0);
  /// Requires !empty().
  finished_transfer take_first();
  /// Removes a transfer whose client is being destroyed, if it is in the queue.
  void remove(const CURL* easy);

 private:
  void clear_if_empty();

  const std::size_t capacity_;
  std::vector<finished_transfer> queue_;
  // Index of the first transfer not yet taken; those before it are removed once the queue is empty.
  std::size_t first_ = 0;
};

/// A libcurl multi handle. In the mode socket_action its sockets are watched by an epoll shared with other
/// multi handles. Does not move, because libcurl holds its address. Not thread-safe, except `wake_up`.
class multi_handle {
 public:
  using clock = std::chrono::steady_clock;

  /// `sockets` must outlive the handle; it is null in the mode multi_poll, which uses `perform` and `poll`.
  /// `owner` identifies this handle in the events of `sockets`. `connections` is the expected number in use
  /// at once; beyond it, libcurl scans for idle connections to close. Throws std::system_error or
  /// std::bad_alloc.
  multi_handle(watched_sockets* sockets, std::uint32_t owner, std::size_t connections);
  multi_handle(const multi_handle&) = delete;
  multi_handle& operator=(const multi_handle&) = delete;

  /// Starts a transfer. Throws std::bad_alloc.
  void add(CURL* easy);
  /// Starts a transfer. Returns false if there is no memory.
  bool try_add(CURL* easy) noexcept;
  /// Ends a transfer, if it has not ended, and releases its easy handle. Has no effect on an idle one.
  void remove(CURL* easy) noexcept;

  /// Lets libcurl handle an event that epoll has reported for one of its sockets.
  void handle_event(int socket, std::uint32_t events);
  /// Lets libcurl handle its timeouts if its deadline has passed.
  void handle_time(clock::time_point now);
  /// Time of the next handle_time, or nullopt if none is needed.
  std::optional<clock::time_point> deadline() const {
    return needs_reset_ ? clock::time_point::min() : deadline_;
  }

  /// Mode multi_poll: handles everything that is ready, without waiting.
  void perform();
  /// Mode multi_poll: waits up to `milliseconds` for a socket, a timeout of libcurl or `wake_up`.
  void poll(int milliseconds);
  /// Ends the current `poll`, or else the next one. Thread-safe.
  void wake_up() { curl_multi_wakeup(multi_.get()); }

  /// Moves ended transfers to `finished` until it is full.
  void collect(finished_transfers& finished) noexcept;
  /// Returns true if `collect` may find more transfers.
  bool may_have_finished() const { return may_have_finished_; }

  /// Returns true once libcurl or this class had no memory to note a transfer's socket. That transfer would
  /// wait for ever, and libcurl does not report which it is. The handle does nothing more until it has been
  /// reset.
  bool needs_reset() const { return needs_reset_; }
  /// Replaces libcurl's handle, after all of its transfers have been removed. libcurl 7.88 would otherwise
  /// divide by zero at the next socket of the same number. Without memory, it still needs a reset.
  void reset() noexcept;

 private:
  struct cleanup {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  using owned_multi = std::unique_ptr<CURLM, cleanup>;

  owned_multi create() noexcept;
  static int on_socket(CURL* easy, curl_socket_t socket, int action, void* self, void*);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);
  void act(curl_socket_t socket, int events);
  void collect_unwatched(finished_transfers& finished) noexcept;

  watched_sockets* const sockets_;
  const std::uint32_t owner_;
  const std::size_t connections_;
  std::optional<clock::time_point> deadline_;
  // libcurl has been called since the last complete `collect`.
  bool may_have_finished_ = false;
  bool needs_reset_ = false;
  // Errno of the last socket that could not be watched.
  int watch_errno_ = 0;
  // Transfers whose sockets could not be watched. Allocated in the constructor.
  std::vector<CURL*> unwatched_;
  owned_multi multi_;
};

}  // namespace farebench
