#pragma once

#include <chrono>
#include <cstddef>

namespace farebench {

/// What every engine asks of its clients.
struct request_limits {
  /// Head and body together; what is longer is refused and its connection closed.
  static constexpr std::size_t request_bytes = 64 * 1024;
  static constexpr std::size_t target_bytes = 8 * 1024;       ///< else 414
  static constexpr std::size_t header_line_bytes = 8 * 1024;  ///< else 400
  static constexpr std::size_t form_bytes = 8 * 1024;         ///< else 413
  /// An idle connection waits for its client's next request this long, a slow one for its next byte.
  static constexpr std::chrono::seconds patience{120};
  static constexpr int requests_a_connection = 1'000'000;  ///< announced only: no engine counts them
  static constexpr int listen_backlog = 4096;
};

}  // namespace farebench
