#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "farebench/fetch_error.hpp"

namespace farebench {

/// One HTTP round trip to be made: a GET, or with a form a POST of it.
struct exchange_request {
  /// Receives the body as it arrives, whatever the status.
  using body_sink = std::function<void(std::string_view piece)>;

  exchange_request() = default;
  // A constructor, and no aggregate: GCC 12 destroys twice an aggregate that is written in braces within a
  // co_await expression, when its coroutine is destroyed there.
  explicit exchange_request(std::string to_url, std::string with_form = {}, std::string with_cookies = {},
                            body_sink to_sink = {})
      : url{std::move(to_url)},
        form{std::move(with_form)},
        cookies{std::move(with_cookies)},
        on_body{std::move(to_sink)} {}

  std::string url;
  std::string form;     ///< application/x-www-form-urlencoded; empty: a GET
  std::string cookies;  ///< the Cookie header's value, "name=value; name=value"; empty: no such header
  body_sink on_body;    ///< empty: the body is read and dropped
  std::string
      header;  ///< one more header, "Name: value"; empty: none. Not sent to where a redirect leads elsewhere
  /// Ends the exchange before the client's exchange_deadline does; zero: does not.
  std::chrono::milliseconds timeout{0};
};

/// What is left to know of an answer whose body has already gone to `on_body`.
struct exchange_response {
  int status = 0;  ///< HTTP status code
  fetch_error::retry_after_seconds
      retry_after{};  ///< of another status than 200, what its Retry-After asks for
  /// The Set-Cookie headers' values, as they came; those of redirects on the way too, as far as they are of
  /// the same scheme, host and port as the request.
  std::vector<std::string> set_cookies;
};

using exchange_result = std::expected<exchange_response, fetch_error>;

}  // namespace farebench
