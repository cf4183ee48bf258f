#pragma once

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/watched_sockets.hpp"
#include "http/shared_http.hpp"

namespace farebench {

/// A transfer that libcurl has finished.
struct finished_transfer {
  CURL* easy;
  CURLcode verdict;
  std::string error_text;  ///< what libcurl wrote of its failure, if it did
};

/// Those that were read from libcurl and not yet handed out, the first one first. There is room for some from
/// the start, so that whoever has no memory for more can go on with those.
class finished_transfers {
 public:
  finished_transfers() { waiting_.reserve(first_room); }

  bool empty() const { return first_ == waiting_.size(); }
  /// How many have been added since it was last empty.
  std::size_t added() const { return waiting_.size(); }

  /// Whether the next `add` does not throw.
  bool make_room() noexcept {
    if (waiting_.size() < waiting_.capacity()) return true;
    try {
      waiting_.reserve(2 * waiting_.size());
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }
  finished_transfer& add(CURL* easy, CURLcode verdict) {
    waiting_.push_back({easy, verdict, {}});
    return waiting_.back();
  }

  bool holds(const CURL* easy) const {
    return std::find_if(begin(), end(), [=](const auto& one) { return one.easy == easy; }) != end();
  }
  /// The last failure among those from the one that was added as number `from` on; null where there is none.
  finished_transfer* last_failure(std::size_t from) {
    for (std::size_t at = waiting_.size(); at-- > from;)
      if (waiting_[at].verdict != CURLE_OK) return &waiting_[at];
    return nullptr;
  }

  finished_transfer take_first() {
    finished_transfer first = std::move(waiting_[first_++]);
    if (empty()) clear();
    return first;
  }
  /// Its client is destroyed.
  void forget(const CURL* easy) {
    waiting_.erase(std::remove_if(waiting_.begin() + static_cast<std::ptrdiff_t>(first_), waiting_.end(),
                                  [=](const auto& one) { return one.easy == easy; }),
                   waiting_.end());
    if (empty()) clear();
  }

 private:
  static constexpr std::size_t first_room = 16;

  using const_iterator = std::vector<finished_transfer>::const_iterator;
  const_iterator begin() const { return waiting_.begin() + static_cast<std::ptrdiff_t>(first_); }
  const_iterator end() const { return waiting_.end(); }
  void clear() {
    waiting_.clear();
    first_ = 0;
  }

  std::vector<finished_transfer> waiting_;
  std::size_t first_ = 0;
};

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
