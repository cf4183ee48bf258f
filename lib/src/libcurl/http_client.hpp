#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "farebench/cookie_jar.hpp"
#include "farebench/exchange.hpp"
#include "farebench/fetch_policy.hpp"
#include "http/header_fields.hpp"
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

  /// Valid until the next `prepare` or `needs_transfer`, which may replace it.
  CURL* handle() const { return handle_.get(); }

 private:
  struct easy_cleanup {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct list_cleanup {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  /// Reason for which a callback aborts the transfer.
  enum class abort_reason : std::uint8_t {
    none,
    /// The callback threw; see callback_error_.
    exception,
    /// The request's URL is not usable; libcurl gets none and ends the transfer.
    url,
    /// The same for a header field of the request.
    header,
    headers_too_large,
    body_too_large,
    too_slow,
    status_line,
    /// The body has a coding that the request did not offer.
    coding,
    /// The server switches to a protocol that the request did not offer.
    protocol,
    invalid_length,
    conflicting_lengths,
    length_with_chunks,
    redirect_target,
    different_redirects,
    too_many_redirects,
    /// The rest of a redirect's response is not worth reading; see needs_transfer.
    redirect_body,
    /// The kept connection is unusable, so that the request is sent again; see needs_transfer.
    connection,
  };

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_request(void* self, char*, char*, int peer_port, int local_port);
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  std::size_t receive(std::string_view data, abort_reason (http_client::*accept)(std::string_view)) noexcept;
  abort_reason accept_header(std::string_view line);
  abort_reason accept_status_line(std::string_view line);
  abort_reason accept_field();
  abort_reason accept_length(std::string_view value);
  abort_reason accept_location(std::string_view location);
  abort_reason accept_end_of_header();
  abort_reason accept_body(std::string_view chunk);
  bool is_too_slow() const;

  /// Redirects of one exchange.
  struct redirects {
    // Location of the response whose header is arriving.
    std::optional<std::string> location;
    // URL of the next transfer. Empty if the current response is not followed.
    std::string next_url;
    // Status of the response that redirects to next_url.
    int status = 0;
    std::size_t followed = 0;
    // URL of the request. Set once a redirect is followed.
    std::string first_url;
    // The current URL has another scheme, host or port than first_url.
    bool has_left_origin = false;
  };

  void begin_transfer();
  void begin_header();
  void deduct_elapsed_time();
  void follow_redirect();
  bool is_redirected() const { return redirects_ && !redirects_->next_url.empty(); }
  bool has_left_origin() const { return redirects_ && redirects_->has_left_origin; }
  void set_cookies(const std::string& url);
  void set_timeout(std::int64_t timeout_ms);
  void replace_handle_with_errno();
  void set_url(const std::string& url);
  void set_headers(const std::vector<std::string>& lines);
  exchange_response take_response();
  fetch_error abort_error() const;
  int own_errno() const;
  std::string_view tls_text() const;
  fetch_error receive_error() const;
  fetch_error error_of(CURLcode code) const;

  shared_http& shared_;
  // Owned by shared_.
  const fetch_limits& limits_;
  std::stop_token stop_;
  // libcurl reads it during the exchange.
  std::string form_;
  exchange_request::body_sink on_body_;
  cookie_jar cookies_;
  std::size_t header_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  // Content-Length of the current response, −1 if it has none so far.
  std::int64_t content_length_ = -1;
  // Current CURLOPT_TIMEOUT_MS: the time left for the exchange when the transfer began.
  std::int64_t timeout_ms_;
  // Part of the exchange's time limit that previous transfers have used.
  std::int64_t used_ms_ = 0;
  header_field field_;
  // Retry-After of the current response; the longest of several.
  fetch_error::retry_after_seconds retry_after_{};
  // Errno of this exchange's last failed socket().
  int socket_errno_ = 0;
  // Socket opened for this exchange and not yet used for a request, else −1.
  int opened_socket_ = -1;
  // Number of body chunks of the current response.
  std::uint32_t chunks_ = 0;
  // CURLINFO_OS_ERRNO when the current request was about to be sent: that of an earlier failure.
  int earlier_errno_ = 0;
  abort_reason abort_reason_ = abort_reason::none;
  // Set by the first exchange, which opens this client's connection.
  bool has_connection_ = false;
  // The current response has a Transfer-Encoding.
  bool is_chunked_ = false;
  // The body of the current response has a Content-Encoding that is not decoded.
  bool has_unrequested_coding_ = false;
  // The connection ends after the current response.
  bool closes_connection_ = false;
  // See exchange_request.
  bool request_opens_connection_ = false;
  bool request_closes_connection_ = false;
  // The last exchange failed.
  bool has_failed_ = false;
  // The current transfer has sent its request.
  bool has_sent_request_ = false;
  // The last request was sent on a connection that had served another.
  bool is_on_kept_connection_ = false;
  // The header of the current response is complete: further lines are trailers.
  bool is_in_trailers_ = false;
  // Null without a redirect.
  std::unique_ptr<redirects> redirects_;
  // Exception of a callback, which must not pass through libcurl.
  std::exception_ptr callback_error_;
  // libcurl's texts, for TLS only. Null before the first https URL.
  std::unique_ptr<std::array<char, CURL_ERROR_SIZE>> tls_text_;
  // The request's additional headers, which libcurl reads during the exchange.
  std::unique_ptr<curl_slist, list_cleanup> header_;
  std::unique_ptr<CURL, easy_cleanup> handle_;
};

}  // namespace farebench
