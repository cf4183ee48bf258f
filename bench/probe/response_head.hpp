#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string_view>

#include "farebench/fetch_error.hpp"

namespace farebench {

/// What the floor reads of a response's status line and headers.
struct response_head {
  std::size_t bytes = 0;  ///< of the head itself, its blank line included
  int status = 0;
  std::size_t content_length = 0;  ///< of the body that follows
  std::string_view session = {};   ///< the value of the JSESSIONID cookie, within the text; empty without one
};

/// The head at the start of `text`; nullopt while its end has not arrived; `bad_response` for what is not
/// HTTP/1.1 with a Content-Length. Pure.
std::expected<std::optional<response_head>, fetch_error> read_response_head(std::string_view text);

}  // namespace farebench
