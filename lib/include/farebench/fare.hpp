#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "farebench/fetch_error.hpp"

namespace farebench {

/// What one scrape asks for: the buses between two stations on one date.
/// A value; safe to copy between threads.
struct query {
  std::string from;  ///< station id of the origin, e.g. "ID10202003"
  std::string to;    ///< station id of the destination, e.g. "ID10202002"
  std::chrono::year_month_day date;

  bool operator==(const query&) const = default;
};

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

/// What a scrape comes home with: the day's fares in page order (none is an answer too), or the one
/// error that prevented it.
using outcome = std::expected<std::vector<fare>, fetch_error>;

}  // namespace farebench
