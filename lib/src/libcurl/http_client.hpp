#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "farebench/cookie_jar.hpp"
#include "farebench/exchange.hpp"
#include "farebench/fetch_policy.hpp"
#include "http/response_reader.hpp"
#include "libcurl/shared_http.hpp"

namespace farebench {

/// A libcurl easy handle with its connection, used by every strategy for one exchange at a time. `perform`
/// blocks; an event loop instead calls `prepare`, drives the handle and calls `finish`. Used by one thread at
/// a time. Must not move, because libcurl holds its address.
class http_client {
 public:
  /// `shared` must outlive the client. Throws std::system_error or std::bad_alloc if there is no memory.
  http_client(const fetch_limits& limits, shared_http& shared);
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;

  /// Runs an exchange in the calling thread. Throws as `prepare` and `finish`.
  exchange_result perform(exchange_request request);
  /// Makes a requested stop end `perform` with `cancelled`. libcurl checks for it at least once a second.
  void cancel_on(const std::stop_token& stop);

  /// Sets the handle up for an exchange. Throws std::system_error or std::bad_alloc if there is no memory.
  void prepare(exchange_request request);
  /// Returns the exchange's result from libcurl's code for the transfer and the errno, or 0, of a socket that
  /// could not be watched. Rethrows an exception of `on_body`, except std::bad_alloc, which gives
  /// out_of_resources.
  exchange_result finish(CURLcode code, int watch_errno = 0);
  /// Returns true if the exchange needs another transfer of the handle after one that ended with `code`: it
  /// follows a redirect, or sends the request again because a kept connection was unusable. The caller
  /// starts that transfer, or calls `finish` with CURLE_ABORTED_BY_CALLBACK if it cannot.
  bool needs_transfer(CURLcode code) noexcept;

  /// Makes the exchange end with `cancelled`. May be called by an `on_body`.
  void cancel() noexcept { reader_.cancel(); }
  bool is_cancelled() const { return reader_.is_cancelled(); }

  /// Valid until the next `prepare` or `needs_transfer`, which may replace it.
  CURL* handle() const { return handle_.get(); }

 private:
  struct easy_cleanup {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct list_cleanup {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_request(void* self, char*, char*, int peer_port, int local_port);
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  std::size_t receive(std::string_view data, abort_reason (http_client::*accept)(std::string_view)) noexcept;
  abort_reason accept_header(std::string_view line);
  abort_reason accept_body(std::string_view chunk);
  std::chrono::microseconds elapsed_since_first_byte() const;

  void begin_transfer();
  void deduct_elapsed_time();
  void follow_redirect();
  void set_cookies(const std::string& url);
  void set_timeout(std::int64_t timeout_ms);
  void replace_handle();
  void replace_handle_with_errno();
  void set_url(const std::string& url);
  void set_method(exchange_request& request);
  void set_headers(const exchange_request& request);
  void drop_content_fields();
  int own_errno() const;
  std::string_view tls_text() const;
  fetch_error unreadable_error() const;
  fetch_error error_of(CURLcode code) const;

  shared_http& shared_;
  std::stop_token stop_;
  // libcurl reads it during the exchange.
  std::string body_;
  exchange_request::body_sink on_body_;
  cookie_jar cookies_;
  // Its limits are owned by shared_.
  response_reader reader_{offered_codings::all};
  // Current CURLOPT_TIMEOUT_MS: the time left for the exchange when the transfer began.
  std::int64_t timeout_ms_;
  // Part of the exchange's time limit that previous transfers have used.
  std::int64_t used_ms_ = 0;
  // Errno of this exchange's last failed socket().
  int socket_errno_ = 0;
  // Socket opened for this exchange and not yet used for a request, else −1.
  int opened_socket_ = -1;
  // CURLINFO_OS_ERRNO when the current request was about to be sent: that of an earlier failure.
  int earlier_errno_ = 0;
  abort_reason abort_reason_ = abort_reason::none;
  // Set by the first exchange, which opens this client's connection.
  bool has_connection_ = false;
  // The last exchange failed.
  bool has_failed_ = false;
  // The current transfer has sent its request.
  bool has_sent_request_ = false;
  // Exception of a callback, which must not pass through libcurl.
  std::exception_ptr callback_error_;
  // libcurl's texts, for TLS only. Null before the first https URL.
  std::unique_ptr<std::array<char, CURL_ERROR_SIZE>> tls_text_;
  // The request's additional header fields, which libcurl reads during the exchange. Those that describe its
  // body are at the end.
  std::unique_ptr<curl_slist, list_cleanup> header_;
  std::unique_ptr<CURL, easy_cleanup> handle_;
};

}  // namespace farebench
