#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace farebench {

/// A transfer that libcurl has finished.
struct finished_transfer {
  CURL* easy;
  CURLcode verdict;
};

/// One libcurl multi handle, its sockets watched by an epoll that several of them share. Events of the
/// epoll carry this handle's number. It does not move: libcurl knows its address.
class multi_handle {
 public:
  using clock = std::chrono::steady_clock;

  /// `epoll` −1: not watched, for `perform` and `poll`. `connections`: how many may be in use at once;
  /// fewer makes libcurl scan and evict. Throws std::system_error.
  multi_handle(int epoll, std::uint32_t number, std::size_t connections);
  multi_handle(const multi_handle&) = delete;
  multi_handle& operator=(const multi_handle&) = delete;

  void add(CURL* easy);
  /// Ends its transfer if it is under way. Fails only for a handle that was never added.
  void remove(CURL* easy) noexcept;

  /// What an event of the epoll that carries this handle's number asks for.
  void handle_event(std::uint64_t event_data, std::uint32_t events);
  /// Lets libcurl act when its deadline has come.
  void handle_time(clock::time_point now);
  /// When libcurl wants to be called without an event; nullopt: never.
  std::optional<clock::time_point> deadline() const { return deadline_; }

  /// The other way of waiting: all that can be done now, and a sleep until a socket or libcurl's timer is
  /// ready, or `wake_up` is called.
  void perform();
  void poll();
  /// Ends a `poll`, or the next one; from any thread.
  void wake_up() { curl_multi_wakeup(multi_.get()); }

  /// Appends what has finished since the last call.
  void collect(std::vector<finished_transfer>& into);

  static std::uint32_t number_of(std::uint64_t event_data) {
    return static_cast<std::uint32_t>(event_data >> 32);
  }

 private:
  struct cleanup {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };

  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* known);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);
  void act(curl_socket_t socket, int events);

  const int epoll_;
  const std::uint64_t number_;
  std::optional<clock::time_point> deadline_;
  bool may_have_finished_ = false;  // libcurl has been called since the last `collect`
  int callback_errno_ = 0;          // of an epoll_ctl that failed inside a callback of libcurl
  std::unique_ptr<CURLM, cleanup> multi_;
};

}  // namespace farebench
