#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "farebench/fare.hpp"

namespace farebench {

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
