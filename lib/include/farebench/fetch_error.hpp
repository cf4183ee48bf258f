#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

/// Errors of a scrape or an exchange. Errors are values; no function of the library throws one.
namespace farebench {

/// Causes of a failed scrape. A new kind is a change of the public interface.
enum class fetch_error_kind : std::uint8_t {
  /// The search form cannot hold the query. No request was sent.
  invalid_query,
  /// The URL is not an absolute http or https URL with a valid host and port, or has blanks or control
  /// characters. No request was sent.
  invalid_url,
  /// A field of `exchange_request::headers` or the content type is invalid. No request was sent.
  invalid_header,
  /// The method is no token, is CONNECT, or must not have a body. No request was sent.
  invalid_method,
  /// The connection was refused, the host was unreachable, or its name did not resolve.
  connect_failed,
  /// The connection was not established within `fetch_limits::connect_timeout`.
  connect_timeout,
  /// The exchange exceeded its deadline or was slower than `fetch_limits::min_bytes_per_second`, or the
  /// scrape exceeded `fetch_policy::scrape_deadline`.
  deadline_exceeded,
  /// The peer closed or reset the connection during an exchange.
  connection_lost,
  /// The response is not valid HTTP or not a complete results page.
  bad_response,
  /// The response has a coding, or switches to a protocol, that the request did not offer.
  unsupported_response,
  /// The HTTP status is not 200.
  unexpected_status,
  /// The start page left no JSESSIONID cookie that would be sent with the search.
  no_session,
  /// The redirect exceeds `fetch_limits::max_redirects`, or its Location has a user name, is not an http or
  /// https URL, or is one of two.
  redirect_refused,
  /// The header exceeds `fetch_limits::max_header_bytes` or a limit of libcurl: 100 KiB per line, 300 KiB in
  /// all. (A trailer of more than 4 KiB also exceeds a limit; libcurl before 8.6 reports it as an invalid
  /// chunk, which is a `bad_response`.)
  header_too_large,
  /// The body exceeds `fetch_limits::max_body_bytes`.
  body_too_large,
  /// A row of the page is not a valid fare. No field is guessed.
  malformed_page,
  /// The batch was stopped or drained before the query had an outcome, or `event_loop::cancel` was called.
  cancelled,
  /// The process has no memory, descriptor or thread left for this scrape.
  out_of_resources,
};

/// Returns the kind's name, e.g. "connect_failed", as the tools print it.
std::string_view to_string(fetch_error_kind kind);

/// The exchanges of a scrape, in order. `none` precedes the first, and is the exchange of a page.
enum class scrape_step : std::uint8_t { none, start_page, search };

/// Error of one scrape or exchange.
struct fetch_error {
  /// Whole seconds, as in the Retry-After header.
  using retry_after_seconds = std::chrono::duration<std::int32_t>;

  /// Creates an error of any step.
  // The order of the arguments differs from that of the members, which packs the small ones into one word.
  fetch_error(fetch_error_kind error_kind, std::string message, int http_status = 0,
              retry_after_seconds retry_delay = {})
      : kind{error_kind},
        status{static_cast<std::int16_t>(http_status)},
        retry_after{retry_delay},
        detail{std::move(message)} {}

  /// Cause.
  fetch_error_kind kind;
  /// Exchange of a scrape that failed.
  scrape_step step = scrape_step::none;
  /// HTTP status of an `unexpected_status`, otherwise 0.
  std::int16_t status;
  /// Value of the response's Retry-After header; zero without one.
  retry_after_seconds retry_after;
  /// One line for people; may be empty.
  std::string detail;

  /// Compares all members.
  bool operator==(const fetch_error&) const = default;
};

/// Returns "kind: detail", or the kind's name if there is no detail.
std::string describe(const fetch_error& error);

}  // namespace farebench
