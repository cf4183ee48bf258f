#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace farebench {

/// One row of the table: what is run, against what.
struct benchmark_case {
  std::string strategy;
  std::size_t workers;
  std::chrono::microseconds latency;  ///< of each response
  std::size_t page_kb;                ///< size of a results page, in KiB
  std::size_t days;

  /// "fetch/strategy:thread_pool/workers:20/latency_ms:20/page_kb:3/days:100"
  std::string name() const;
  /// How many scrapes can be in flight, and so how many connections there must be: min(workers, days).
  std::size_t active_workers() const;
};

/// What to measure, before it is spread out into cases.
struct workload {
  std::vector<std::string> strategies;
  std::vector<std::size_t> workers;
  std::chrono::microseconds latency;
  std::size_t page_kb;
  std::size_t days;
};

/// A case for each strategy and worker count; `sequential` once, with its one worker.
std::vector<benchmark_case> cases_of(const workload& what);

}  // namespace farebench
