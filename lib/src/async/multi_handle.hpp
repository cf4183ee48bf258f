#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/finished_transfers.hpp"
#include "async/watched_sockets.hpp"
#include "http/shared_http.hpp"

namespace farebench {

/// One libcurl multi handle, whose sockets are watched where those of several of them are. It does not move:
/// libcurl knows its address.
class multi_handle {
 public:
  using clock = std::chrono::steady_clock;

  /// `sockets` null: not watched, for `perform` and `poll`. `number`: what they call their owner.
  /// `connections`: how many may be in use at once; more makes libcurl scan and evict. `shared`: where its
  /// handles write of failures. Both outlive it. Throws std::system_error.
  multi_handle(watched_sockets* sockets, std::uint32_t number, std::size_t connections, shared_http& shared);
  multi_handle(const multi_handle&) = delete;
  multi_handle& operator=(const multi_handle&) = delete;

  void add(CURL* easy);
  /// False where libcurl has no memory for it.
  bool try_add(CURL* easy) noexcept;
  /// Ends its transfer if it is under way. Fails only for a handle that was never added.
  void remove(CURL* easy) noexcept;

  /// What an event (of epoll) at a socket of its own asks for.
  void handle_event(int socket, std::uint32_t events);
  /// Lets libcurl act when its deadline has come.
  void handle_time(clock::time_point now);
  /// When libcurl wants to be called without an event; nullopt: never.
  std::optional<clock::time_point> deadline() const {
    return has_lost_track_ ? clock::time_point::min() : deadline_;
  }

  /// libcurl had no memory for the sockets that a transfer waits for, and does not tell whose: that one would
  /// wait for ever. Nothing is acted upon any more, until all that is in flight has been taken off and there
  /// is another of libcurl's in its place: 7.88 keeps what it noted of that socket, and divides by zero when
  /// it looks at the next one of its number.
  bool has_lost_track() const { return has_lost_track_; }
  /// Where there is no memory for that, it stays as it is.
  void begin_anew() noexcept;

  /// The other way of waiting: all that can be done now, and a sleep until a socket or libcurl's timer is
  /// ready, `wake_up` is called, or so many milliseconds have passed.
  void perform();
  void poll(int milliseconds);
  /// Ends a `poll`, or the next one; from any thread.
  void wake_up() { curl_multi_wakeup(multi_.get()); }

  /// Appends what has finished since the last call. To be called after each of the above: the text of a
  /// failure is the next one's to overwrite. What there is no room for stays until the next call.
  void collect(finished_transfers& into) noexcept;
  /// Whether something did.
  bool has_uncollected() const { return may_have_finished_; }

 private:
  struct cleanup {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };

  using owned_multi = std::unique_ptr<CURLM, cleanup>;

  owned_multi made() noexcept;
  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* known);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);
  void act(curl_socket_t socket, int events);
  void collect_unwatched(finished_transfers& into) noexcept;

  watched_sockets* const sockets_;
  const std::uint32_t number_;
  const std::size_t connections_;
  shared_http& shared_;
  std::optional<clock::time_point> deadline_;
  bool may_have_finished_ = false;  // libcurl has been called since the last `collect`
  bool has_lost_track_ = false;
  struct unwatched {
    CURL* easy;
    int error;
  };
  std::vector<unwatched> unwatched_;  // transfers whose sockets could not be watched, since then
  int callback_errno_ = 0;            // of one that could not even be noted
  owned_multi multi_;
};

}  // namespace farebench
