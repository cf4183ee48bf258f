#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace farebench {

/// One bus connection as the site offers it. A value without defaults that could be
/// mistaken for an offer: it exists only when every field was read from the page.
struct fare {
  std::chrono::minutes departure;  ///< local time of day, since midnight, [0, 24 h)
  std::chrono::minutes arrival;    ///< local time of day, since midnight, [0, 24 h)
  std::string type;                ///< service class as printed, UTF-8, e.g. "Relax"
  std::int32_t free_seats;         ///< ≥ 0
  std::int64_t price_hundredths;   ///< in hundredths of `currency`, ≥ 0
  std::string currency;            ///< as printed, UTF-8, e.g. "CZK", "€"

  bool operator==(const fare&) const = default;
};

}  // namespace farebench
