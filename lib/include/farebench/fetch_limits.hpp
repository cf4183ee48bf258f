#pragma once

#include <chrono>
#include <cstddef>

namespace farebench {

/// Bounds on one exchange (one HTTP round trip), each above zero. A value; every strategy applies the same
/// ones. Passing a bound is a `fetch_error`, never a hang and never an allocation that the peer chooses.
struct fetch_limits {
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds exchange_deadline{30'000};  ///< from its start to its last body byte
  std::size_t max_header_bytes = 64 * 1024;             ///< status line and headers together
  std::size_t max_body_bytes = 8 * 1024 * 1024;
};

}  // namespace farebench
