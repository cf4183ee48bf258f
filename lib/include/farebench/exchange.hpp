#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "farebench/cookie_jar.hpp"
#include "farebench/fetch_error.hpp"

namespace farebench {

/// One HTTP request: a GET, or a POST if it has a form. A value; any client sends it.
///
/// Redirects are followed (RFC 9110, 15.4), up to fetch_limits::max_redirects and within all other limits of
/// the exchange. After 303, and a POST after 301 and 302, the next request is a GET; otherwise it repeats the
/// method and the form. The bodies of redirects are discarded.
///
/// A request on a kept connection is sent once more, on a new one, if the server closes the connection
/// without a response or with status 408: it may have done so before the request arrived.
struct exchange_request {
  /// Receives one chunk of the response body. The view is valid during the call only.
  using body_sink = std::function<void(std::string_view chunk)>;

  // Not an aggregate: GCC 12 destroys a brace-initialised aggregate twice if it is written inside a co_await
  // expression and its coroutine is destroyed while suspended there.
  exchange_request() = default;
  /// A GET, or a POST if there is a form.
  explicit exchange_request(std::string request_url, std::string request_form = {},
                            cookie_jar request_cookies = {}, body_sink sink = {})
      : url{std::move(request_url)},
        form{std::move(request_form)},
        cookies{std::move(request_cookies)},
        on_body{std::move(sink)} {}

  /// Absolute http or https URL.
  std::string url;
  /// Request body, as application/x-www-form-urlencoded. Empty for a GET.
  std::string form;
  /// Cookies of the session, for the Cookie header. The exchange changes them as its responses say, also
  /// between redirects, and returns them with the response. Not sent and not changed at another scheme, host
  /// or port than those of `url`.
  cookie_jar cookies;
  /// Called with each chunk of the decoded body, whatever the status, in the thread that runs the exchange.
  /// If empty, the body is discarded, as is a failure's or redirect's body in a coding that was not
  /// requested. An exception ends the exchange and is rethrown when it completes; std::bad_alloc gives
  /// out_of_resources instead.
  body_sink on_body;
  /// Additional header fields, each "Name: value". An invalid name or a control character in a value is an
  /// `invalid_header`. Not sent after a redirect to another scheme, host or port.
  std::vector<std::string> headers;
  /// Sends the request on a new connection, which is closed afterwards unless the last response has status
  /// 200. Otherwise the client may use an idle one.
  bool opens_connection = false;
  /// Closes the connection after the last response.
  bool closes_connection = false;
  /// Limit for the whole exchange. The lower of this and fetch_limits::exchange_deadline applies. If this is
  /// zero, exchange_deadline alone applies.
  std::chrono::milliseconds timeout{0};
};

/// Status and selected headers of a response. Its body went to exchange_request::on_body.
struct exchange_response {
  /// HTTP status code of the last response, after redirects.
  int status = 0;
  /// Delay given by the Retry-After header, the longest of several. Zero if there is no valid one or the
  /// status is 200.
  fetch_error::retry_after_seconds retry_after{};
  /// Cookies of the session after the exchange; see exchange_request::cookies.
  cookie_jar cookies = {};
};

/// The response to an exchange, or the error that prevented it. Any HTTP status is a response.
using exchange_result = std::expected<exchange_response, fetch_error>;

}  // namespace farebench
