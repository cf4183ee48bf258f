#pragma once

#include <cstddef>
#include <string>

#include "tests/soak/breach.hpp"

namespace farebench::soak {

/// What a soak has come to. A value.
struct tally {
  std::size_t runs = 0;  ///< of a batch by a strategy
  std::size_t outcomes = 0;
  std::size_t lost = 0;        ///< queries without an outcome
  std::size_t duplicated = 0;  ///< queries with several
  std::size_t wrong = 0;       ///< successes that are none, and every other law that was broken
  std::size_t hung = 0;        ///< runs that had to be ended

  void count(law broken);
  bool all_held() const { return lost + duplicated + wrong + hung == 0; }
};

/// "41400 runs, 260000 outcomes, 0 lost, 0 duplicated, 0 wrong, 0 hung".
std::string text_of(const tally& all);

}  // namespace farebench::soak
