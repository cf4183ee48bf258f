#include "strategy/thread_pool.hpp"

#include <thread>
#include <vector>

#include "strategy/blocking_worker.hpp"
#include "strategy/check_batch.hpp"
#include "strategy/until_refused.hpp"

namespace farebench {
namespace {

/// Starts a thread a worker; how many there are now, which is fewer where the system gives no more.
std::size_t start_threads(std::vector<std::jthread>& threads, batch_run& run, std::size_t workers) {
  until_refused([&] {
    threads.reserve(workers);
    for (std::size_t i = 0; i < workers; ++i) {
      threads.emplace_back([&run, i, workers] { work_off_blocking(run, {.index = i}, workers); });
    }
  });
  return threads.size();
}

}  // namespace

void thread_pool::run(const batch& work, const outcome_sink& sink) {
  check_batch(work);
  const std::size_t workers = workers_needed(work);
  batch_run run{work, sink, workers};
  {
    std::vector<std::jthread> threads;  // join at the end of the block
    if (const std::size_t started = start_threads(threads, run, workers); started < workers) {
      // The others may have ended by now, so the queries that were to be a missing thread's are not left to
      // them alone: this thread is a worker too.
      run.hand_back(started);
      work_off_blocking(run, {}, workers);
    }
  }
  run.end();
}

}  // namespace farebench
