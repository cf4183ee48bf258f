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

}  // namespace farebench
