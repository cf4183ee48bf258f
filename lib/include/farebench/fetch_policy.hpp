#pragma once

#include <chrono>
#include <cstddef>

#include "farebench/fetch_limits.hpp"

namespace farebench {

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
