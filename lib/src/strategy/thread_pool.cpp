#include "strategy/thread_pool.hpp"

#include <exception>
#include <optional>
#include <thread>
#include <vector>

#include "strategy/batch_run.hpp"
#include "strategy/scrape.hpp"

namespace farebench {
namespace {

/// A worker's life, from its first query on: scrape and deliver, until no query is left.
void work_off(batch_run& run, std::size_t first) noexcept {
  try {
    const batch& work = run.work();
    thread_client client{work.limits, work.stop, workers_needed(work)};
    fare_scanner scanner;
    for (std::optional<std::size_t> index = first; index; index = run.next()) {
      run.deliver(*index, work.stop.stop_requested()
                              ? cancelled_outcome()
                              : scrape(work.base_url, work.query_at(*index), client, scanner));
    }
  } catch (...) {
    run.fail(std::current_exception());
  }
}

}  // namespace

void thread_pool::run(const batch& work, const outcome_sink& sink) {
  check_batch(work);
  batch_run run{work, sink};
  {
    std::vector<std::jthread> threads;  // join at the end of the block, also when one cannot be started
    threads.reserve(workers_needed(work));
    try {
      for (std::size_t i = 0; i < workers_needed(work); ++i) {
        threads.emplace_back([&run, i] { work_off(run, i); });
      }
    } catch (...) {
      run.fail(std::current_exception());
    }
  }
  run.end();
}

}  // namespace farebench
