#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string_view>

#include "farebench/fetch_error.hpp"

namespace farebench {

/// Status line and header fields of a response, as far as raw_epoll needs them.
struct response_head {
  /// Size of the head with its blank line.
  std::size_t bytes = 0;
  int status = 0;
  std::size_t content_length = 0;
  /// Value of the JSESSIONID cookie, a part of the parsed text; empty without one.
  std::string_view session = {};
};

/// Parses the head at the start of `text`. Returns nullopt if its end has not arrived, and `bad_response` for
/// anything but HTTP/1.1 with a Content-Length. Pure.
std::expected<std::optional<response_head>, fetch_error> read_response_head(std::string_view text);

}  // namespace farebench
