#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "farebench/fetch_error.hpp"

/// The data of one scrape: its query, the fares on the page, and the outcome. All are values; copies may be
/// used in any thread.
namespace farebench {

/// Input of one scrape: the buses from one station to another on one date.
struct query {
  /// Station id of the origin, e.g. "ID10202003".
  std::string from;
  /// Station id of the destination, e.g. "ID10202002".
  std::string to;
  /// Day of departure.
  std::chrono::year_month_day date;

  /// Compares all members.
  bool operator==(const query&) const = default;
};

/// One bus connection, as offered on the page. Members have no default values, because a default price or
/// time could pass for an offer.
struct fare {
  /// Local time of day, as minutes since midnight, [0, 24 h).
  std::chrono::minutes departure;
  /// Local time of day, as minutes since midnight, [0, 24 h).
  std::chrono::minutes arrival;
  /// Service class as printed, in UTF-8, e.g. "Relax".
  std::string type;
  /// ≥ 0.
  std::int32_t free_seats;
  /// Price in hundredths of `currency`, ≥ 0.
  std::int64_t price_hundredths;
  /// Currency as printed, in UTF-8, e.g. "CZK" or "€".
  std::string currency;

  /// Compares all members.
  bool operator==(const fare&) const = default;
};

/// Result of one scrape: the day's fares in page order, or the error that prevented reading them. An empty
/// list is a valid result: the day has no buses.
using outcome = std::expected<std::vector<fare>, fetch_error>;

}  // namespace farebench
