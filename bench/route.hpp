#pragma once

#include <chrono>
#include <cstddef>
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

}  // namespace farebench
