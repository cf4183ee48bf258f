#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace farebench {

/// A query as a worker has it: which one, and at which of its attempts. Or none. A value, small: each of
/// thousands of workers has one.
struct scrape_attempt {
  using clock = std::chrono::steady_clock;
  static constexpr std::size_t no_query = static_cast<std::size_t>(-1);

  std::size_t index = no_query;
  clock::time_point begun{};  ///< when its first attempt did
  std::uint32_t number = 0;   ///< of attempts that have begun, the present one included
  bool has_logged_in_again = false;

  explicit operator bool() const { return index != no_query; }
};

/// What a worker is to do next, and when.
struct scrape_piece {
  scrape_attempt attempt;
  std::optional<scrape_attempt::clock::time_point> due;  ///< absent: now
};

}  // namespace farebench
