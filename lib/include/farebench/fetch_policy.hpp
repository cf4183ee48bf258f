#pragma once

#include <chrono>
#include <cstddef>

namespace farebench {

/// Limits on one exchange, which is one HTTP round trip including the redirects that it follows. A value,
/// applied alike by every strategy. Exceeding a limit gives a fetch_error; no exchange hangs, and no peer
/// controls how much memory is allocated.
///
/// Values must be positive unless zero is documented; times must not exceed one day. A strategy throws
/// std::invalid_argument for other values, a loop_client does not check them.
struct fetch_limits {
  /// Time to establish a connection, DNS and TLS included. Applies to each redirect's connection as well.
  /// Exceeding it gives connect_timeout.
  std::chrono::milliseconds connect_timeout{5'000};
  /// Time from the start of the exchange to the last byte of the body. Exceeding it gives deadline_exceeded.
  std::chrono::milliseconds exchange_deadline{30'000};

  /// Minimum average rate of the decoded body, checked once min_rate_grace has passed. A slower body gives
  /// deadline_exceeded, so that it does not occupy a worker until the deadline. Zero for no minimum.
  std::size_t min_bytes_per_second = 100;
  /// Time since the first byte of the response during which any rate is accepted. May be zero.
  std::chrono::milliseconds min_rate_grace{5'000};

  /// Maximum size of all status lines, headers and trailers of the exchange, those of 1xx responses and
  /// redirects included. Exceeding it gives header_too_large, as do libcurl's own limits: 100 KiB per line,
  /// 300 KiB per response, 4 KiB per trailer and, since libcurl 8.14, 5,000 lines.
  std::size_t max_header_bytes = 64 * 1024;
  /// Maximum size of the body after decoding, whether it is streamed or collected. Exceeding it gives
  /// body_too_large.
  std::size_t max_body_bytes = 8 * 1024 * 1024;

  /// Maximum number of redirects to follow, from zero to 1,000. One more, or a Location that is not an http
  /// or https URL, gives redirect_refused. The limits of the body do not apply to those of redirects, of
  /// which at most 64 KiB are read.
  std::size_t max_redirects = 3;
  /// Requests compressed bodies: in any encoding of libcurl, or in gzip from the native transport. Otherwise
  /// an encoded body gives unsupported_response.
  bool accept_compressed = false;

  /// Compares all members.
  bool operator==(const fetch_limits&) const = default;
};

/// Limits and retry rules for a batch. A value, applied alike by every strategy. Ranges as in fetch_limits.
///
/// An attempt is a whole scrape, which is a fresh session and both exchanges, or one GET of a page, or one
/// exchange of strategy::run_exchanges; what is said of queries and scrapes holds for the others too. An
/// attempt is retried after connect_failed, connect_timeout, deadline_exceeded, connection_lost,
/// bad_response, or status 408, 425, 429 or 5xx. Between attempts its worker runs other queries. Status 403
/// on the search means an expired session; it is retried once per query, without backoff. Any other error is
/// the query's outcome.
///
/// An exchange is retried only if its method is idempotent (RFC 9110, 9.2.2: GET, HEAD, OPTIONS, TRACE, PUT,
/// DELETE), unless `retries_any_method` is set. Its result is that of the last attempt: a response with any
/// status, 503 included, or an error.
struct fetch_policy {
  /// Limits on each exchange.
  fetch_limits exchange = {};

  /// Time from the start of a query's first attempt to its outcome, retries and backoff included. Shortens
  /// the exchanges' deadlines; no attempt starts after it.
  std::chrono::milliseconds scrape_deadline{60'000};
  /// Maximum number of attempts per query, the first included. One disables retries.
  std::size_t max_attempts = 3;

  /// Upper bound of the backoff after the first attempt; it doubles with each further attempt. After attempt
  /// n the backoff is uniform in [0, min(backoff_cap, backoff_base · 2^(n−1))], which spreads clients that
  /// failed together ("full jitter", Brooker, AWS Architecture Blog 2015). Zero for no backoff.
  std::chrono::milliseconds backoff_base{200};
  /// Upper bound of every backoff. Zero for no backoff.
  std::chrono::milliseconds backoff_cap{5'000};

  /// Retry budget of a batch, so that an outage does not multiply the load: at most retry_floor +
  /// retry_share · (queries started) retries. Beyond it, a failed attempt is the query's outcome. Zero allows
  /// only the share.
  std::size_t retry_floor = 10;
  /// Retries per query started, at least 0; see retry_floor.
  double retry_share = 0.2;

  /// Upper bound of the delay from Retry-After, to which the backoff is added. Zero ignores Retry-After.
  std::chrono::milliseconds retry_after_cap{30'000};

  /// Adds a header such as "X-Scrape: 2026-03-01/2" to each request of a scrape: the queried date and the
  /// attempt's number, counted from 1. That of a page or an exchange is "X-Item: 7/2", with its index. Lets
  /// tests match a client's requests with a server's log.
  bool tag_requests = false;

  /// Retries exchanges of strategy::run_exchanges whatever their method. For servers that recognise a
  /// repeated request, such as by an Idempotency-Key header. Scrapes are always retried: a search changes
  /// nothing.
  bool retries_any_method = false;

  /// Compares all members.
  bool operator==(const fetch_policy&) const = default;
};

}  // namespace farebench
