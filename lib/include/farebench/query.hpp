#pragma once

#include <chrono>
#include <string>

namespace farebench {

/// What one scrape asks for: the buses between two stations on one date.
/// A value; safe to copy between threads.
struct query {
  std::string from;  ///< station id of the origin, e.g. "ID10202003"
  std::string to;    ///< station id of the destination, e.g. "ID10202002"
  std::chrono::year_month_day date;

  bool operator==(const query&) const = default;
};

}  // namespace farebench
