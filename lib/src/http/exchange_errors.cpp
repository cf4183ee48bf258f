#include "http/exchange_errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "http/request_method.hpp"
#include "http/text.hpp"
#include "http/url.hpp"

namespace farebench {
namespace {

using enum fetch_error_kind;

/// RFC 9110, 5.5.
bool is_field_value(std::string_view value) {
  return std::ranges::none_of(value, [](char c) { return is_control(c) && c != '\t'; });
}

/// RFC 9110, 5.1.
bool is_header_line(std::string_view line) {
  const auto name = text_before(line, ":");
  return name.size() < line.size() && is_token(name) && is_field_value(line);
}

/// Returns true for a field that would contradict the client's own, or make it wait.
bool is_owned_by_client(std::string_view line) {
  const auto name = text_before(line, ":");
  return equals_ignoring_case(name, "Content-Length") || equals_ignoring_case(name, "Transfer-Encoding") ||
         equals_ignoring_case(name, "Expect");
}

std::string text_of(std::string_view call, int os_error) {
  if (os_error == 0) return fmt::format("{} failed", call);
  return fmt::format("{}: {}", call, std::generic_category().message(os_error));
}

}  // namespace

abort_reason check_request(const exchange_request& request) {
  if (!is_usable_url(request.url)) return abort_reason::request_url;
  const auto method = request.method();
  if (!is_token(method) || method == "CONNECT") return abort_reason::request_method;
  if (request.has_body() && (method == "HEAD" || method == "TRACE")) return abort_reason::request_body;
  if (!is_field_value(request.content_type())) return abort_reason::request_header;
  if (!std::ranges::all_of(request.headers, is_header_line)) return abort_reason::request_header;
  if (std::ranges::any_of(request.headers, is_owned_by_client)) return abort_reason::request_framing;
  return abort_reason::none;
}

fetch_error abort_error(abort_reason reason, const fetch_limits& limits, std::size_t body_bytes) {
  switch (reason) {
    case abort_reason::request_url:
      return {invalid_url, "no http or https URL with a valid host and port, or one with blanks"};
    case abort_reason::request_header:
      return {invalid_header, "a field is no \"Name: value\" or has control characters"};
    case abort_reason::request_framing:
      return {invalid_header, "Content-Length, Transfer-Encoding and Expect belong to the client"};
    case abort_reason::request_method:
      return {invalid_method, "the method is no token, or is CONNECT"};
    case abort_reason::request_body:
      return {invalid_method, "HEAD and TRACE must not have a body"};
    case abort_reason::no_response:
      return no_response_error();
    case abort_reason::cancelled:
      return exchange_cancelled_error();
    case abort_reason::headers_too_large:
      return {header_too_large,
              fmt::format("headers exceed max_header_bytes ({} bytes)", limits.max_header_bytes)};
    case abort_reason::body_too_large:
      return {body_too_large, fmt::format("body exceeds max_body_bytes ({} bytes)", limits.max_body_bytes)};
    case abort_reason::too_slow:
      return {deadline_exceeded,
              fmt::format("body slower than min_bytes_per_second ({} bytes/s), {} bytes received",
                          limits.min_bytes_per_second, body_bytes)};
    case abort_reason::status_line:
      return invalid_status_line_error();
    case abort_reason::header_line:
      return invalid_header_error();
    case abort_reason::content_coding:
      return {unsupported_response, "Content-Encoding that was not requested"};
    case abort_reason::transfer_coding:
      return {unsupported_response, "Transfer-Encoding that was not requested"};
    case abort_reason::protocol:
      return {unsupported_response, "status 101, although no other protocol was requested"};
    case abort_reason::invalid_length:
      return {bad_response, "invalid Content-Length"};
    case abort_reason::conflicting_lengths:
      return {bad_response, "two different Content-Lengths"};
    case abort_reason::length_with_chunks:
      return {bad_response, "both Content-Length and Transfer-Encoding"};
    case abort_reason::redirect_target:
      return {redirect_refused, "Location is no http or https URL, or has a user name"};
    case abort_reason::different_redirects:
      return {redirect_refused, "two different Locations"};
    case abort_reason::too_many_redirects:
      return {redirect_refused, fmt::format("more than max_redirects ({}) redirects", limits.max_redirects)};
    case abort_reason::none:
    case abort_reason::exception:
    case abort_reason::connection:
    case abort_reason::redirect_body:
      break;
  }
  return {out_of_resources, "out of memory for the response"};
}

bool is_out_of_resources(int os_error) {
  return os_error == EMFILE || os_error == ENFILE || os_error == ENOBUFS || os_error == ENOMEM ||
         os_error == EADDRNOTAVAIL;
}

fetch_error call_error(std::string_view call, int os_error, fetch_error_kind kind) {
  return {is_out_of_resources(os_error) ? out_of_resources : kind, text_of(call, os_error)};
}

std::string server_of(std::string_view url) {
  const auto origin = origin_of(url);
  return origin ? fmt::format("{}:{}", origin->host, origin->port) : std::string{"the server"};
}

fetch_error address_error(std::string_view url) {
  return {connect_failed, fmt::format("no address for {}", server_of(url))};
}

fetch_error connect_error(std::string_view url, int os_error) {
  return call_error(fmt::format("connect to {}", server_of(url)), os_error, connect_failed);
}

fetch_error connect_timeout_error(std::string_view url, std::chrono::milliseconds limit) {
  return {connect_timeout, fmt::format("no connection to {} within {} ms", server_of(url), limit.count())};
}

fetch_error deadline_error(std::chrono::milliseconds limit, std::size_t body_bytes) {
  return {deadline_exceeded, fmt::format("no complete response within {} ms, {} bytes of body received",
                                         limit.count(), body_bytes)};
}

fetch_error send_error(int os_error) { return call_error("send", os_error, connection_lost); }

fetch_error receive_error(int os_error, std::size_t body_bytes) {
  fetch_error error = call_error("receive", os_error, connection_lost);
  if (error.kind == connection_lost) error.detail += fmt::format(", {} bytes of body received", body_bytes);
  return error;
}

fetch_error no_response_error() { return {connection_lost, "connection closed before a response"}; }

fetch_error partial_response_error(std::size_t body_bytes) {
  return {connection_lost,
          fmt::format("connection closed within the response, {} bytes of body received", body_bytes)};
}

fetch_error invalid_status_line_error() { return {bad_response, "invalid status line"}; }
fetch_error invalid_header_error() { return {bad_response, "invalid header"}; }
fetch_error invalid_chunk_error() { return {bad_response, "invalid chunk"}; }

fetch_error stop_error() { return {cancelled, "a stop was requested"}; }

fetch_error exchange_cancelled_error() noexcept {
  // The text fits into the string itself.
  return {cancelled, "by the program"};
}

}  // namespace farebench
