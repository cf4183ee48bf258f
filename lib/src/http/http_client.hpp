#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <exception>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "farebench/exchange.hpp"
#include "farebench/fetch_limits.hpp"
#include "http/shared_http.hpp"

namespace farebench {

/// One worker's side of HTTP: a libcurl easy handle with its kept connection, one exchange at a time. It is
/// driven from outside: by `perform` (blocking), or by an event loop between `prepare` and `finish`. Used by
/// one thread at a time; it must not move while an exchange is under way.
class http_client {
 public:
  /// Throws std::system_error when libcurl has no handle to give.
  http_client(const fetch_limits& limits, shared_http& shared);
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;

  /// Sets the handle up for one exchange. `finish` ends what `prepare` began.
  void prepare(exchange_request request);
  /// What the exchange came to, from libcurl's verdict on the transfer and what it wrote of a failure, if
  /// anything. Throws what `on_body` threw.
  exchange_result finish(CURLcode verdict, const std::string& error_text);

  /// From now on a requested stop ends an exchange with `cancelled`: libcurl looks at least once a second.
  void end_on(const std::stop_token& stop);

  /// A whole exchange, blocking the calling thread.
  exchange_result perform(exchange_request request);

  CURL* handle() const { return handle_.get(); }

 private:
  struct easy_cleanup {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
  fetch_error failure(CURLcode verdict, const std::string& error_text) const;

  shared_http& shared_;
  fetch_limits limits_;
  std::stop_token stop_;
  bool has_connection_ = false;  // made by its first exchange
  std::string form_;             // libcurl points into it while the exchange runs
  exchange_request::body_sink on_body_;
  std::vector<std::string> set_cookies_;
  std::size_t header_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  int socket_errno_ = 0;  // of a socket that could not be opened for this exchange
  std::exception_ptr
      callback_fault_;  // what a callback threw, above all `on_body`: it may not pass through libcurl
  std::unique_ptr<CURL, easy_cleanup> handle_;
};

}  // namespace farebench
