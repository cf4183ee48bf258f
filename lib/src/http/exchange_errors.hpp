#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "farebench/exchange.hpp"
#include "farebench/fetch_error.hpp"
#include "farebench/fetch_policy.hpp"

// Errors of an exchange that do not depend on its transport: all transports report them in the same words.
namespace farebench {

/// Reason for which a transport ends an exchange, or a transfer of it, before the response is complete.
enum class abort_reason : std::uint8_t {
  none,
  /// A callback threw. Set by the transport, which keeps the exception.
  exception,
  /// The connection is unusable: the request is sent again, on a new one.
  connection,
  /// The server closed a kept connection without a response to a request that must not be sent again.
  no_response,
  /// The program has cancelled the exchange.
  cancelled,
  /// The rest of a redirect's response is not worth reading. The connection cannot be reused.
  redirect_body,
  /// The request must not be sent: its URL, its method, its content type or one of its header fields is
  /// invalid.
  request_url,
  request_method,
  request_body,
  request_header,
  request_framing,
  headers_too_large,
  body_too_large,
  too_slow,
  status_line,
  /// A line of the header is no field, or has a NUL.
  header_line,
  /// The body has a coding that the request did not offer.
  content_coding,
  transfer_coding,
  /// The server switches to a protocol that the request did not offer.
  protocol,
  invalid_length,
  conflicting_lengths,
  length_with_chunks,
  redirect_target,
  different_redirects,
  too_many_redirects,
};

/// Returns the reason why the request must not be sent, or none.
abort_reason check_request(const exchange_request& request);

/// Returns the error of an exchange that ended for `reason`. `body_bytes` of the last response had arrived.
fetch_error abort_error(abort_reason reason, const fetch_limits& limits, std::size_t body_bytes);

/// Returns true if an errno means that the process or the system lacks memory, descriptors or ports.
bool is_out_of_resources(int os_error);

/// Returns the error of a failed system call: "call: message of the errno", or "call failed" if the errno is
/// 0, which means unknown. The kind is out_of_resources if the errno means that, otherwise `kind`.
fetch_error call_error(std::string_view call, int os_error, fetch_error_kind kind);

/// Returns "host:port" of a URL.
std::string server_of(std::string_view url);

/// The host's name has no address.
fetch_error address_error(std::string_view url);
fetch_error connect_error(std::string_view url, int os_error);
fetch_error connect_timeout_error(std::string_view url, std::chrono::milliseconds limit);

/// The exchange did not end within `limit`. `body_bytes` of the current response had arrived.
fetch_error deadline_error(std::chrono::milliseconds limit, std::size_t body_bytes);

/// The connection failed while the request was sent or the response was received.
fetch_error send_error(int os_error);
fetch_error receive_error(int os_error, std::size_t body_bytes);

/// The server closed the connection before the first byte of the response, or before the last.
fetch_error no_response_error();
fetch_error partial_response_error(std::size_t body_bytes);

fetch_error invalid_status_line_error();
fetch_error invalid_header_error();
fetch_error invalid_chunk_error();

fetch_error stop_error();
/// Allocates nothing.
fetch_error exchange_cancelled_error() noexcept;

}  // namespace farebench
