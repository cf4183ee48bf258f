#include "bench/benchmark_case.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace farebench {

std::string benchmark_case::name() const {
  return fmt::format("fetch/strategy:{}/workers:{}/latency_ms:{}/page_kb:{}/days:{}", strategy, workers,
                     static_cast<double>(latency.count()) / 1e3, page_kb, days);
}

std::size_t benchmark_case::active_workers() const { return std::min(workers, days); }

std::vector<benchmark_case> cases_of(const workload& what) {
  std::vector<benchmark_case> cases;
  for (const std::string& strategy : what.strategies) {
    const auto& counts = strategy == "sequential" ? std::vector<std::size_t>{1} : what.workers;
    for (const std::size_t workers : counts) {
      cases.push_back({strategy, workers, what.latency, what.page_kb, what.days});
    }
  }
  return cases;
}

}  // namespace farebench
