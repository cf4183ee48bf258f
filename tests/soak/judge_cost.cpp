// What a run took, and whether it gave back what it held.

#include <fmt/format.h>

#include "tests/soak/oracle.hpp"

namespace farebench::soak {
namespace {

using std::chrono::milliseconds;

/// What a machine that is busy may add: to start threads, and to end them.
constexpr milliseconds slack{3'000};
/// What libraries keep from run to run (the C library's caches of freed blocks a thread and a size).
constexpr std::int64_t kept_heap_bytes = 512 * 1024;

/// A worker begins its next scrape when the one before is at its end, which is at its deadline at the latest;
/// while one waits for its next attempt, the worker has another.
milliseconds longest(const run_record& run) {
  const auto rounds = (run.asked.size() + run.workers - 1) / run.workers;
  return run.policy.scrape_deadline * static_cast<milliseconds::rep>(rounds) + slack;
}

}  // namespace

void judge_cost(const run_record& run, breaches& found) {
  if (run.wall > longest(run)) {
    found.push_back({law::in_time, fmt::format("took {} ms, at most {} are allowed", run.wall.count(),
                                               longest(run).count())});
  }
  const auto& [before, after] = std::pair{run.before, run.after};
  if (after.descriptors != before.descriptors) {
    found.push_back({law::gives_back,
                     fmt::format("{} descriptors before, {} after", before.descriptors, after.descriptors)});
  }
  if (after.threads != before.threads)
    found.push_back(
        {law::gives_back, fmt::format("{} threads before, {} after", before.threads, after.threads)});
  if (after.heap_bytes > before.heap_bytes + kept_heap_bytes) {
    found.push_back({law::gives_back,
                     fmt::format("{} bytes of heap more than before", after.heap_bytes - before.heap_bytes)});
  }
}

}  // namespace farebench::soak
