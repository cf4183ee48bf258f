#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "farebench/cookie_jar.hpp"
#include "farebench/exchange.hpp"
#include "farebench/fetch_error.hpp"
#include "farebench/fetch_policy.hpp"
#include "http/exchange_errors.hpp"
#include "http/header_fields.hpp"

namespace farebench {

/// Content-Encodings that a transport offers and decodes if fetch_limits::accept_compressed is set.
enum class offered_codings : std::uint8_t {
  /// gzip, applied up to max_gzip_codings times.
  gzip,
  all,
};

/// As many as libcurl decodes.
inline constexpr std::size_t max_gzip_codings = 5;

/// Properties of a request on which the meaning of its responses depends.
struct request_traits {
  /// See exchange_request.
  bool opens_connection = false;
  bool closes_connection = false;
  bool is_head = false;
  bool is_post = false;
  /// See request_method.hpp.
  bool sends_content = false;
  bool is_repeatable = true;
};
request_traits traits_of(const exchange_request& request);

/// Interprets the responses of an exchange: 1xx responses, redirects and the last one. Independent of the
/// transport, which splits the received bytes into lines and chunks and decodes the body.
///
/// One exchange at a time, from its request or from the first byte of its first response on: `begin`; for
/// each transfer `begin_response`, `accept_header` and `accept_body`; `follow_redirect` before the next
/// transfer if the response is redirected; at last `take_response`. Used by one thread at a time. The
/// functions that are not noexcept throw std::bad_alloc.
class response_reader {
 public:
  explicit response_reader(offered_codings codings) : codings_{codings} {}

  const fetch_limits& limits() const { return *limits_; }

  /// Starts an exchange. The references must be valid until it ends; Set-Cookie changes the cookies.
  void begin(const fetch_limits& limits, cookie_jar& cookies, const exchange_request::body_sink& on_body,
             const request_traits& traits) noexcept;
  /// Collects what the request for `url` asks for. Called after `begin`, if at all.
  void collect(bool header, bool body, std::string_view url);
  /// Makes the functions that accept bytes return abort_reason::cancelled, until the next `begin`. May be
  /// called by on_body.
  void cancel() noexcept { is_cancelled_ = true; }
  bool is_cancelled() const { return is_cancelled_; }
  /// Expects the response to a request for `url`, which was sent on a connection that had served another if
  /// `is_on_kept_connection`. The view must be valid until the response is complete.
  void begin_response(std::string_view url, bool is_on_kept_connection) noexcept;
  /// Forgets the current response, because the request is sent again.
  void discard_response() noexcept;

  /// Accepts one line, with its end, of any response of the exchange or of its trailers.
  abort_reason accept_header(std::string_view line);
  /// Accepts one chunk of a decoded body and passes it to `on_body`, whose exceptions it does not catch.
  /// `elapsed`, a function, returns the microseconds since the first byte of the response. It is called for
  /// every eighth chunk: slow bodies arrive in many chunks, usual pages in few.
  template <typename Elapsed>
  abort_reason accept_body(std::string_view chunk, const Elapsed& elapsed) {
    if (is_cancelled_) return abort_reason::cancelled;
    body_bytes_ += chunk.size();
    if (body_bytes_ > limits_->max_body_bytes && !is_redirected()) return abort_reason::body_too_large;
    if (++chunks_ % chunks_per_rate_check == 0 && is_too_slow(elapsed())) return abort_reason::too_slow;
    return use_body(chunk);
  }

  /// Status of the current response, 0 before its status line.
  int status() const { return status_; }
  /// Returns true if the header of the current response, which is no 1xx, is complete. Its body follows, then
  /// the trailers if it is chunked.
  bool is_header_complete() const { return part_ == part::body; }

  // The following functions describe a response whose header is complete.

  /// Returns false if the method or the status excludes a body, whatever its length fields (RFC 9112, 6.3).
  bool has_body() const { return !request_is_head_ && status_ != 204 && status_ != 304; }
  bool is_chunked() const { return is_chunked_; }
  /// Content-Length in bytes, −1 without one. Not that of the decoded body.
  std::int64_t content_length() const { return content_length_; }
  /// Returns how often gzip must be decoded, with offered_codings::gzip: 0 also for a body that is not used.
  std::size_t gzip_codings() const { return has_unoffered_coding_ || is_redirected() ? 0 : gzip_codings_; }
  /// Size of the decoded body so far.
  std::size_t body_bytes() const { return body_bytes_; }
  /// Returns true if the server closes the connection after the response.
  bool closes_connection() const { return closes_connection_; }
  /// Returns true if the request does not allow the connection to be reused after this response.
  bool forbids_reuse() const {
    return is_header_complete() && !is_redirected() &&
           (request_closes_connection_ || (request_opens_connection_ && status_ != 200));
  }

  /// Returns true if the exchange continues with another transfer.
  bool is_redirected() const { return details_ && !details_->next_url.empty(); }
  /// Next request of a redirected exchange.
  struct next_request {
    std::string url;
    /// The request repeats the method and the body; otherwise it is a GET.
    bool keeps_method = false;
  };
  /// Discards the redirected response and returns the next request.
  next_request follow_redirect();
  bool has_followed_redirect() const { return details_ && details_->followed > 0; }
  /// Returns true if the current request has a body or says that it is empty.
  bool sends_content() const { return request_sends_content_; }
  /// Returns true if the current request may be sent again when a kept connection was lost.
  bool is_repeatable() const { return request_is_repeatable_; }
  /// Returns true if the redirects that were followed have led to another scheme, host or port, where the
  /// request's cookies and additional header must not be sent.
  bool has_left_origin() const { return details_ && details_->has_left_origin; }

  /// Returns the last response, with the cookies moved out of the jar.
  exchange_response take_response() noexcept;

 private:
  enum class part : std::uint8_t { status_line, first_field, fields, body };

  static constexpr unsigned chunks_per_rate_check = 8;

  /// Rarely used parts.
  struct details {
    // Location of the response whose header is arriving. Empty without one.
    std::string location;
    // URL of the next transfer. Empty if the current response is not followed.
    std::string next_url;
    // URL of the request. Set once a redirect is followed.
    std::string first_url;
    std::size_t followed = 0;
    // The current URL has another scheme, host or port than first_url.
    bool has_left_origin = false;
    // Empty if nothing is collected.
    detail::boxed<collected_response> collected = {};
    // The last field line was collected, so that a line may continue it.
    bool continues_field = false;
  };

  void begin_header() noexcept;
  abort_reason accept_status_line(std::string_view line);
  abort_reason accept_field_line(std::string_view line);
  abort_reason accept_field();
  abort_reason accept_length(std::string_view value);
  abort_reason accept_location(std::string_view location);
  abort_reason accept_end_of_header();
  void collect_field_line(std::string_view line);
  bool accept_coding(std::string_view value);
  bool is_too_slow(std::chrono::microseconds elapsed) const;
  abort_reason use_body(std::string_view chunk);

  const fetch_limits* limits_ = nullptr;
  cookie_jar* cookies_ = nullptr;
  const exchange_request::body_sink* on_body_ = nullptr;
  std::string_view url_;
  // Of all responses of the exchange.
  std::size_t header_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  std::int64_t content_length_ = -1;
  // Null without a redirect, and if nothing is collected.
  std::unique_ptr<details> details_;
  // The following members use its padding.
  [[no_unique_address]] header_field field_;
  std::int16_t status_ = 0;
  // Number of body chunks of the current response, modulo 256.
  std::uint8_t chunks_ = 0;
  part part_ = part::status_line;
  offered_codings codings_;
  // See exchange_request.
  bool request_opens_connection_ : 1 = false;
  bool request_closes_connection_ : 1 = false;
  bool request_is_head_ : 1 = false;
  bool request_is_post_ : 1 = false;
  bool request_sends_content_ : 1 = false;
  bool request_is_repeatable_ : 1 = true;
  bool collects_header_ : 1 = false;
  bool collects_body_ : 1 = false;
  bool is_cancelled_ : 1 = false;
  bool is_on_kept_connection_ : 1 = false;
  bool closes_connection_ : 1 = false;
  // A Connection field says so.
  bool has_close_option_ : 1 = false;
  bool has_transfer_coding_ : 1 = false;
  bool is_chunked_ : 1 = false;
  // The body has a content coding that was not offered.
  bool has_unoffered_coding_ : 1 = false;
  std::uint8_t gzip_codings_ : 3 = 0;
  // The longest of several.
  fetch_error::retry_after_seconds retry_after_{};
};

}  // namespace farebench
