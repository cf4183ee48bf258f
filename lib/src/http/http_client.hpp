#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "farebench/exchange.hpp"
#include "farebench/fetch_policy.hpp"
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
  /// anything. Throws what `on_body` threw, but for std::bad_alloc.
  exchange_result finish(CURLcode verdict, const std::string& error_text);
  /// Whether the transfer, which has ended so, has sent nothing, because its connection had to be given up:
  /// then it is to be started again, as it is, and takes a new one.
  bool wants_new_connection();

  /// From now on a requested stop ends an exchange with `cancelled`: libcurl looks at least once a second.
  void end_on(const std::stop_token& stop);

  /// A whole exchange, blocking the calling thread.
  exchange_result perform(exchange_request request);

  CURL* handle() const { return handle_.get(); }

 private:
  struct easy_cleanup {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct list_cleanup {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  /// Why a callback has ended the exchange.
  enum class refusal : std::uint8_t {
    none,
    threw,  // see callback_fault_
    headers_too_large,
    body_too_large,
    too_slow,
    encoding,
    bad_length,
    two_lengths,
    length_of_chunks,
    redirect,
    connection,  // see wants_new_connection
  };

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_request(void* self, char*, char*, int peer_port, int local_port);
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
  exchange_result result_of(CURLcode verdict, const std::string& error_text);
  refusal take_header(std::string_view line);
  refusal take_length(std::string_view value);
  refusal take_redirect(std::string_view location);
  refusal take_body(std::string_view piece);
  bool is_too_slow() const;
  void set_timeout(std::chrono::milliseconds timeout);
  void set_header(const std::string& line);
  fetch_error refused() const;
  bool is_of_chunks(const std::string& error_text) const;
  fetch_error failure(CURLcode verdict, const std::string& error_text) const;

  shared_http& shared_;
  const fetch_limits& limits_;  // kept in shared_
  std::stop_token stop_;
  std::string form_;  // libcurl points into it while the exchange runs
  exchange_request::body_sink on_body_;
  std::vector<std::string> set_cookies_;
  std::size_t header_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  std::int64_t content_length_ = -1;  // that the present answer says; −1: none so far
  std::int64_t timeout_ms_;           // that the handle is set to
  int socket_errno_ = 0;              // of a socket that could not be opened for this exchange
  int opened_socket_ = -1;            // that no request has gone out on yet
  std::uint32_t pieces_ = 0;          // of the body, so far
  int os_errno_before_ = 0;           // what CURLINFO_OS_ERRNO was after the last failure
  refusal refused_ = refusal::none;
  bool has_connection_ = false;  // made by its first exchange
  bool is_chunked_ = false;      // the present answer
  bool is_elsewhere_ = false;    // redirected to another scheme, host or port than it asked
  std::exception_ptr
      callback_fault_;  // what a callback threw, above all `on_body`: it may not pass through libcurl
  std::unique_ptr<curl_slist, list_cleanup> header_;  // that the request adds, while it does
  std::unique_ptr<CURL, easy_cleanup> handle_;
};

}  // namespace farebench
