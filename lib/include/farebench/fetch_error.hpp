#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace farebench {

/// Everything that can go wrong with one scrape. Closed: a new kind is a change of the interface.
enum class fetch_error_kind : std::uint8_t {
  invalid_query,      ///< the site's form cannot hold the query; nothing was sent
  connect_failed,     ///< no connection: refused, unreachable, or the name did not resolve
  connect_timeout,    ///< no connection within `fetch_limits::connect_timeout`
  deadline_exceeded,  ///< connected, but the exchange passed `fetch_limits::exchange_deadline`
  connection_lost,    ///< the peer closed or reset the connection within an exchange
  bad_response,  ///< the peer answered with what is not HTTP or contradicts itself, is encoded as was not
                 ///< asked for, or is no whole page of results
  unexpected_status,  ///< an HTTP status other than 200
  no_session,         ///< the start page set no JSESSIONID cookie
  redirect_refused,   ///< led on more than `fetch_limits::max_redirects` times, or elsewhere than to http(s)
  header_too_large,   ///< more header bytes than `fetch_limits::max_header_bytes`
  body_too_large,     ///< more body bytes than `fetch_limits::max_body_bytes`
  malformed_page,     ///< a fare row that does not read as a fare; nothing is guessed
  cancelled,          ///< a stop was requested before it had an outcome of its own
  out_of_resources,   ///< no memory, descriptor or thread left for this scrape
};

/// The name of a kind, as printed by the tools: "connect_failed", "deadline_exceeded", …
std::string_view to_string(fetch_error_kind kind);

/// Which of a scrape's two exchanges.
enum class scrape_step : std::uint8_t { none, start_page, search };

/// Why a scrape came home without fares.
struct fetch_error {
  using retry_after_seconds = std::chrono::duration<std::int32_t>;

  // A constructor, and no aggregate: in this order the small ones fit in one word.
  fetch_error(fetch_error_kind of_kind, std::string with_detail, int with_status = 0,
              retry_after_seconds asked_wait = {})
      : kind{of_kind},
        status{static_cast<std::int16_t>(with_status)},
        retry_after{asked_wait},
        detail{std::move(with_detail)} {}

  fetch_error_kind kind;
  scrape_step step = scrape_step::none;  ///< the exchange in which it was seen
  std::int16_t status;                   ///< of unexpected_status: the HTTP status; else 0
  retry_after_seconds retry_after;       ///< what its Retry-After asked for; zero: nothing
  std::string detail;                    ///< one line for people: what was seen, where; may be empty

  bool operator==(const fetch_error&) const = default;
};

/// "kind: detail", or the kind alone.
std::string describe(const fetch_error& error);

}  // namespace farebench
