#include "bench/ideal.hpp"

namespace farebench {

std::chrono::microseconds ideal_wall(std::size_t days, std::size_t workers,
                                     std::chrono::microseconds latency) {
  constexpr std::size_t exchanges_a_scrape = 2;
  const std::size_t waves = (days + workers - 1) / workers;
  return latency * static_cast<std::int64_t>(waves * exchanges_a_scrape);
}

}  // namespace farebench
