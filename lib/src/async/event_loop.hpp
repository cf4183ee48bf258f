#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "http/http_client.hpp"

namespace farebench {

class event_loop;

/// Called with the result of an exchange from inside `event_loop::run`, after libcurl has been left:
/// it may start exchanges, destroy clients, and throw (the exception leaves `run`).
using exchange_completion = std::function<void(exchange_result)>;

/// An `http_client` that an event loop drives. Must not outlive its loop; destroyed in flight, it is
/// taken out of the loop and its completion is never called.
class loop_client {
 public:
  loop_client(event_loop& loop, const fetch_limits& limits);
  ~loop_client();
  loop_client(const loop_client&) = delete;
  loop_client& operator=(const loop_client&) = delete;

  http_client& http() { return http_; }

 private:
  friend class event_loop;
  event_loop& loop_;
  http_client http_;
  exchange_completion on_done_;
  bool in_flight_ = false;
};

/// libcurl's multi interface on epoll: one operation, `start` an exchange and have it completed later.
/// Belongs to the thread that calls `run`; nothing here is thread-safe.
class event_loop {
 public:
  /// `connections`: how many may be in use at once; fewer makes libcurl scan and evict.
  /// Throws std::system_error naming the call.
  explicit event_loop(std::size_t connections);
  ~event_loop();
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;

  /// Starts an exchange on an idle client. Never completes it inside this call.
  void start(loop_client& client, exchange_request request, exchange_completion on_done);

  /// Runs until no exchange is in flight. Throws std::system_error when epoll or libcurl fails.
  void run();

 private:
  friend class loop_client;
  struct multi_cleanup {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  struct completed {
    loop_client* client;
    CURLcode verdict;
  };
  using clock = std::chrono::steady_clock;

  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* known);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);
  void cancel(loop_client& client);
  void act(curl_socket_t socket, int events);
  int milliseconds_to_wait() const;
  void collect_finished();
  void complete_finished();

  int epoll_ = -1;
  std::unique_ptr<CURLM, multi_cleanup> multi_;
  std::optional<clock::time_point> deadline_;  // when libcurl wants to be called without an event
  std::size_t in_flight_ = 0;
  int callback_errno_ = 0;           // of an epoll_ctl that failed inside a callback of libcurl
  std::vector<completed> finished_;  // read from libcurl, not yet handed out
};

}  // namespace farebench
