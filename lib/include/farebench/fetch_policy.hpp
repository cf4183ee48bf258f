#pragma once

#include <chrono>
#include <cstddef>

namespace farebench {

/// Bounds on one exchange (one HTTP round trip, with the redirects that it follows). A value; every strategy
/// applies the same ones. Passing a bound is a `fetch_error`, never a hang and never an allocation that the
/// peer chooses. Times and byte counts are above zero but where it says otherwise.
struct fetch_limits {
  std::chrono::milliseconds connect_timeout{5'000};     ///< also of each connection that a redirect needs
  std::chrono::milliseconds exchange_deadline{30'000};  ///< from its start to its last body byte

  /// A body that has been arriving for longer than the grace must have come this fast so far, or it is
  /// deadline_exceeded: so a peer that dribbles does not hold a worker to the deadline. Zero: any rate.
  std::size_t min_bytes_per_second = 100;
  std::chrono::milliseconds min_rate_grace{5'000};

  std::size_t max_header_bytes = 64 * 1024;  ///< status lines and headers of all its answers, 1xx included
  std::size_t max_body_bytes = 8 * 1024 * 1024;  ///< as `on_body` gets them: decoded

  /// How often a redirect is followed, to http and https alone: more, or elsewhere, is redirect_refused.
  /// Cookies and added headers go along to the same scheme, host and port only. Zero: not at all.
  std::size_t max_redirects = 3;
  /// Asks for bodies compressed by any way that libcurl knows. Where it does not, one that is encoded all the
  /// same is a bad_response.
  bool accept_compressed = false;

  bool operator==(const fetch_limits&) const = default;
};

/// How a batch deals with a site that misbehaves: what one exchange may take, what one scrape may take, and
/// which failures are worth another attempt. A value; every strategy applies the same one.
///
/// An attempt is a whole scrape: a fresh session and both exchanges. One that failed in a way that may pass
/// (connect_failed, connect_timeout, deadline_exceeded, connection_lost, bad_response, or a status of 408,
/// 425, 429 or 5xx) is made again after a wait, in which its worker does other work. All other failures are
/// the query's outcome at once.
struct fetch_policy {
  fetch_limits exchange = {};  ///< of each exchange

  /// Of a whole scrape, from the start of its first attempt to its outcome: no exchange runs beyond it, and
  /// no attempt begins after it.
  std::chrono::milliseconds scrape_deadline{60'000};
  std::size_t max_attempts = 3;  ///< of one query, the first included; 1: nothing is repeated

  /// The wait after attempt n is drawn evenly from [0, min(backoff_cap, backoff_base · 2^(n−1))] ("full
  /// jitter", Brooker, AWS Architecture Blog 2015), so that those who failed together do not come back
  /// together. Zero: no wait.
  std::chrono::milliseconds backoff_base{200};
  std::chrono::milliseconds backoff_cap{5'000};

  /// So that an outage is not multiplied: a batch repeats at most retry_floor + retry_share · the queries
  /// that it has begun. What would go beyond keeps its failure.
  std::size_t retry_floor = 10;
  double retry_share = 0.2;

  /// A Retry-After, in seconds or as a date, is waited for, and the backoff on top; but never longer than
  /// this.
  std::chrono::milliseconds retry_after_cap{30'000};

  /// Adds "X-Scrape: 2026-03-01/2" to each request: the date that is asked for, and which attempt it is. For
  /// tests: the two ends of an experiment can be joined by it.
  bool tag_requests = false;

  bool operator==(const fetch_policy&) const = default;
};

}  // namespace farebench
