#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "farebench/fare.hpp"

namespace farebench {

/// First day of every batch. Batches have the same route and consecutive days, so that runs are comparable.
inline constexpr std::chrono::year_month_day first_date{std::chrono::year{2026}, std::chrono::month{3},
                                                        std::chrono::day{1}};

/// Maximum number of days of a batch. The search form has two-digit years, so that the last date is
/// 2099-12-31.
inline constexpr std::size_t max_days = 26'969;

/// Returns the query of a day, counted from first_date.
inline query query_of_day(std::size_t index) {
  const std::chrono::sys_days day =
      std::chrono::sys_days{first_date} + std::chrono::days{static_cast<int>(index)};
  return {.from = "ID10202003", .to = "ID10202002", .date = day};
}

/// Returns the queries of a batch.
inline std::vector<query> queries_of_days(std::size_t days) {
  std::vector<query> queries;
  queries.reserve(days);
  for (std::size_t day = 0; day < days; ++day) queries.push_back(query_of_day(day));
  return queries;
}

/// Digest of the fares of a batch, by which bench checks them. Equal fares of equal days give equal digests;
/// the order of the days does not matter, the order of fares in a day does. Clients in other languages
/// compute it too:
///   text of a day = its ISO date and a newline, then a line per fare:
///                   "hh:mm|hh:mm|type|seats|price in hundredths|currency\n", UTF-8;
///   digest        = sum of the CRC-32 (zlib) of the days' texts, modulo 2^64.
class fares_digest {
 public:
  void add(std::chrono::year_month_day date, std::span<const fare> fares);

  std::uint64_t value() const { return value_; }
  /// Number of fares added.
  std::size_t fares() const { return fares_; }

 private:
  std::uint64_t value_ = 0;
  std::size_t fares_ = 0;
  // Text of a day; a member, so that its memory is reused.
  std::string text_;
};

}  // namespace farebench
