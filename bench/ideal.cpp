#include "bench/ideal.hpp"

#include "bench/route.hpp"

namespace farebench {

std::chrono::nanoseconds ideal_wall(std::size_t days, std::size_t workers, std::chrono::nanoseconds latency) {
  constexpr std::size_t exchanges_a_scrape = 2;
  const std::size_t waves = (days + workers - 1) / workers;
  return latency * static_cast<std::int64_t>(waves * exchanges_a_scrape);
}

std::chrono::nanoseconds ideal_wall(const benchmark_case& row) {
  if (row.latency.is_fixed()) return ideal_wall(row.days, row.workers, row.latency.first());
  return min_wall(latencies_of(row.latency, row.seed, queries_of_days(row.days)), row.workers);
}

}  // namespace farebench
