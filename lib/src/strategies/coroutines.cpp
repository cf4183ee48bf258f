#include <string>
#include <utility>
#include <vector>

#include "farebench/event_loop.hpp"
#include "farebench/task.hpp"
#include "strategies/loop_workers.hpp"
#include "strategies/strategies.hpp"

namespace farebench {
namespace {

/// What a worker keeps from query to query, and to the end of the run: to take connections and handles down
/// while others are still in flight would make those wait.
struct scrape_worker {
  loop_scrapes& shared;
  scrape_attempt attempt;  // that it is at
  loop_client client{shared.loop(), shared.work().policy.exchange};
  fare_scanner scanner{};
};

// Functions, so that the requests are made on the stack: within a co_await expression they would take more
// than 128 bytes each of every waiting worker's frame.
auto get_start_page(scrape_worker& worker, const std::string& form) {
  return worker.shared.loop().exchange(worker.client,
                                       start_page_request(worker.shared.run(), worker.attempt, form));
}
auto post_search(scrape_worker& worker, std::string& form, std::string& session) {
  return worker.shared.loop().exchange(
      worker.client, search_request(worker.shared.run(), worker.attempt, std::move(form), std::move(session),
                                    worker.scanner));
}

task<outcome> scrape(scrape_worker& worker) {
  auto form = worker.shared.run().begin(worker.attempt);
  if (!form) co_return std::unexpected(std::move(form).error());
  auto session =
      read_start_page_answer(worker.shared.run().work().base_url, co_await get_start_page(worker, *form));
  if (!session) co_return std::unexpected(std::move(session).error());
  co_return read_search_answer(co_await post_search(worker, *form, *session), worker.scanner);
}

/// A worker's life, from its first attempt on.
task<> work_off(scrape_worker& worker) {
  try {
    while (worker.attempt) {
      outcome result;
      try {
        result = co_await scrape(worker);
      } catch (...) {
        result = outcome_of_exception();
      }
      worker.shared.settle(worker.attempt, std::move(result));
      co_await worker.shared.next(worker.attempt);
    }
  } catch (...) {
    worker.shared.fail();
  }
}

}  // namespace

void coroutines::run(const batch& work, const outcome_sink& sink) {
  run_on_loops(work, sink, event_loop::wait_mode::socket_action, [](loop_scrapes& shared) {
    std::vector<task<>> lives;
    worker_store<scrape_worker> workers{
        shared.workers()};  // destroyed before the coroutines that may wait for their clients
    lives.reserve(shared.workers());
    shared.start_workers(
        [&](scrape_attempt first) {
          auto& worker = workers.emplace_back(shared, first);
          try {
            return &lives.emplace_back(work_off(worker));
          } catch (...) {
            workers.pop_back();
            throw;
          }
        },
        [](task<>& life) { life.start(); });
    shared.run_loop();
    for (auto& worker : workers) shared.cancel(worker.attempt);
  });
}

}  // namespace farebench
