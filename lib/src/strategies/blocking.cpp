#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "strategies/batch_run.hpp"
#include "strategies/resources.hpp"
#include "strategies/scrape.hpp"
#include "strategies/strategies.hpp"

namespace farebench {
namespace {

/// Runs a worker in the calling thread until no item is left for it. `first` is its first attempt, or empty
/// for any; `threads` is the number of workers. If no client can be created, the first item fails and other
/// workers run the rest. Exceptions fail the run.
void run_worker(const transport& http, batch_run& run, scrape_attempt first, std::size_t threads) noexcept {
  try {
    std::optional<scrape_attempt> attempt = first ? first : run.wait_for_attempt();
    if (!attempt) return;
    std::unique_ptr<blocking_client> client;
    fare_scanner scanner;
    if (auto error = until_refused([&] {
          client = http.create_blocking_client(run.policy().exchange, run.items().options().stop, threads);
        })) {
      return run.fail_attempt(*attempt, *std::move(error));
    }
    for (; attempt; attempt = run.wait_for_attempt()) make_attempt(run, *attempt, *client, scanner);
  } catch (...) {
    run.fail(std::current_exception());
  }
}

}  // namespace

/// Runs one item after another on one connection, in the calling thread.
void run_sequential(const transport& http, const run_items& items) {
  items.validate(http);
  batch_run run{items, std::min<std::size_t>(items.size(), 1)};
  if (items.size() > 0) run_worker(http, run, {.index = 0}, 1);
  run.finish();
}

/// Runs W threads, each with its own connection.
void run_thread_pool(const transport& http, const run_items& items) {
  items.validate(http);
  const std::size_t workers = items.workers_needed();
  batch_run run{items, workers};
  {
    // Joined at the end of the block.
    std::vector<std::jthread> threads;
    until_refused([&] {
      threads.reserve(workers);
      for (std::size_t i = 0; i < workers; ++i) {
        threads.emplace_back([&http, &run, i, workers] { run_worker(http, run, {.index = i}, workers); });
      }
    });
    if (threads.size() < workers) {
      // The threads may all have ended by now, so the calling thread becomes a worker too.
      run.requeue(threads.size());
      run_worker(http, run, {}, workers);
    }
  }
  run.finish();
}

}  // namespace farebench
