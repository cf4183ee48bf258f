#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "farebench/fare.hpp"

namespace farebench {

/// What every case asks for: one route on consecutive days, the same ones in every run, so that runs
/// can be compared. The stations are those of design's example.
inline constexpr const char* route_from = "ID10202003";
inline constexpr const char* route_to = "ID10202002";
inline constexpr std::chrono::year_month_day first_date{std::chrono::year{2026}, std::chrono::month{3},
                                                        std::chrono::day{1}};
/// So that the last date can be written with two digits of the year: 2099-12-31.
inline constexpr std::size_t most_days = 26'969;

/// The query of day `index`, counted from first_date.
inline query query_of_day(std::size_t index) {
  const std::chrono::sys_days day =
      std::chrono::sys_days{first_date} + std::chrono::days{static_cast<int>(index)};
  return {.from = route_from, .to = route_to, .date = day};
}

/// Those of the first `days` days: a case's batch.
inline std::vector<query> queries_of_days(std::size_t days) {
  std::vector<query> asked;
  asked.reserve(days);
  for (std::size_t day = 0; day < days; ++day) asked.push_back(query_of_day(day));
  return asked;
}

/// A number that two sets of days share only when their fares are equal, so that a probe can tell
/// what it brought home in a few bytes. The order of the days does not matter, that of a day's fares
/// does. Defined so that any language's probe can compute it:
///   a day's text = its ISO date and a newline, then a line a fare:
///                  "hh:mm|hh:mm|type|seats|price in hundredths|currency\n", UTF-8;
///   digest = sum over the days of CRC-32 (zlib's) of that text, modulo 2^64.
class fares_digest {
 public:
  void add(std::chrono::year_month_day date, std::span<const fare> fares);

  std::uint64_t value() const { return value_; }
  std::size_t fares() const { return fares_; }  ///< how many were added

 private:
  std::uint64_t value_ = 0;
  std::size_t fares_ = 0;
  std::string text_;  // of one day; kept, so that a long batch does not allocate for it
};

}  // namespace farebench
