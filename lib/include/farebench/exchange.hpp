#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "farebench/fetch_error.hpp"

namespace farebench {

/// One HTTP round trip to be made: a GET, or with a form a POST of it.
struct exchange_request {
  std::string url;
  std::string form;  ///< application/x-www-form-urlencoded; empty: a GET
  /// Receives the body as it arrives, whatever the status. Empty: the body is read and dropped.
  std::function<void(std::string_view piece)> on_body;
};

/// What is left to know of an answer whose body has already gone to `on_body`.
struct exchange_response {
  int status;  ///< HTTP status code
};

using exchange_result = std::expected<exchange_response, fetch_error>;

}  // namespace farebench
