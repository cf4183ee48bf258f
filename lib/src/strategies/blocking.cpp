#include <algorithm>
#include <exception>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "strategies/batch_run.hpp"
#include "strategies/scrape.hpp"
#include "strategies/strategies.hpp"

namespace farebench {

/// A worker's life in a thread of its own, from its first attempt on (none: from what there is): scrapes and
/// settles on one blocking connection, until nothing is left for it. Where there is no connection to be had,
/// its first query comes home with out_of_resources, and the rest is left to others. What is thrown fails the
/// run. `threads`: how many workers have one.
void work_off_blocking(batch_run& run, scrape_attempt first, std::size_t threads) noexcept;

void work_off_blocking(batch_run& run, scrape_attempt first, std::size_t threads) noexcept {
  try {
    const batch& work = run.work();
    std::optional<scrape_attempt> attempt = first ? first : run.await_next();
    if (!attempt) return;
    std::optional<thread_client> client;
    fare_scanner scanner;
    try {
      client.emplace(work.policy.exchange, work.stop, threads);
    } catch (const std::system_error& fault) {
      return run.settle(*attempt, out_of_resources_outcome(fault));
    } catch (const std::bad_alloc& fault) {
      return run.settle(*attempt, out_of_resources_outcome(fault));
    }
    for (; attempt; attempt = run.await_next()) {
      run.settle(*attempt, scrape(run, *attempt, *client, scanner));
    }
  } catch (...) {
    run.fail(std::current_exception());
  }
}

void sequential::run(const batch& work, const outcome_sink& sink) {
  check_batch(work);
  batch_run run{work, sink, std::min<std::size_t>(work.size, 1)};
  if (work.size > 0) work_off_blocking(run, {.index = 0}, 1);
  run.end();
}

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
