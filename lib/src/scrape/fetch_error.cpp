#include "farebench/fetch_error.hpp"

#include <fmt/format.h>

namespace farebench {

std::string_view to_string(fetch_error_kind kind) {
  switch (kind) {
    case fetch_error_kind::invalid_query:
      return "invalid_query";
    case fetch_error_kind::invalid_url:
      return "invalid_url";
    case fetch_error_kind::invalid_header:
      return "invalid_header";
    case fetch_error_kind::invalid_method:
      return "invalid_method";
    case fetch_error_kind::connect_failed:
      return "connect_failed";
    case fetch_error_kind::connect_timeout:
      return "connect_timeout";
    case fetch_error_kind::deadline_exceeded:
      return "deadline_exceeded";
    case fetch_error_kind::connection_lost:
      return "connection_lost";
    case fetch_error_kind::bad_response:
      return "bad_response";
    case fetch_error_kind::unsupported_response:
      return "unsupported_response";
    case fetch_error_kind::unexpected_status:
      return "unexpected_status";
    case fetch_error_kind::no_session:
      return "no_session";
    case fetch_error_kind::redirect_refused:
      return "redirect_refused";
    case fetch_error_kind::header_too_large:
      return "header_too_large";
    case fetch_error_kind::body_too_large:
      return "body_too_large";
    case fetch_error_kind::malformed_page:
      return "malformed_page";
    case fetch_error_kind::cancelled:
      return "cancelled";
    case fetch_error_kind::out_of_resources:
      return "out_of_resources";
  }
  // Values outside the enumeration.
  return "unknown";
}

std::string describe(const fetch_error& error) {
  if (error.detail.empty()) return std::string{to_string(error.kind)};
  return fmt::format("{}: {}", to_string(error.kind), error.detail);
}

}  // namespace farebench
