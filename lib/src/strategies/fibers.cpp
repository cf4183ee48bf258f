#include <utility>
#include <vector>

#include "farebench/event_loop.hpp"
#include "farebench/fiber.hpp"
#include "strategies/loop_workers.hpp"
#include "strategies/scrape.hpp"
#include "strategies/strategies.hpp"

namespace farebench {
namespace {

/// Suspends the running fiber.
class fiber_client final : public blocking_client {
 public:
  fiber_client(event_loop& loop, const fetch_limits& limits) : loop_{loop}, client_{loop, limits} {}

  exchange_result exchange(exchange_request request) override {
    return await_exchange(loop_, client_, std::move(request));
  }

 private:
  event_loop& loop_;
  loop_client client_;
};

/// What a worker keeps from query to query, and to the end of the run.
struct fiber_worker {
  loop_scrapes& shared;
  scrape_attempt attempt;  // that it is at
  fiber_client client{shared.loop(), shared.work().policy.exchange};
  fare_scanner scanner{};
};

/// A worker's life, from its first attempt on.
void work_off(fiber_worker& worker) {
  loop_scrapes& shared = worker.shared;
  while (worker.attempt) {
    shared.settle(worker.attempt, scrape(shared.run(), worker.attempt, worker.client, worker.scanner));
    while (const auto due = shared.take_next(worker.attempt)) {
      if (shared.waits(worker.attempt, [&] { await_until(shared.loop(), *due); })) break;
    }
  }
}

}  // namespace

void fibers::run(const batch& work, const outcome_sink& sink) {
  run_on_loops(work, sink, event_loop::wait_mode::socket_action, [](loop_scrapes& shared) {
    fiber_stacks stacks{shared.workers()};
    std::vector<fiber> lives;
    worker_store<fiber_worker> workers{
        shared.workers()};  // destroyed before the fibers that may wait for their clients
    lives.reserve(shared.workers());
    shared.start_workers(
        [&](scrape_attempt first) {
          auto& worker = workers.emplace_back(shared, first);
          try {
            return &lives.emplace_back(stacks, [&worker] { work_off(worker); });
          } catch (...) {
            workers.pop_back();
            throw;
          }
        },
        [](fiber& life) { life.resume(); });
    shared.run_loop();
    for (auto& worker : workers) shared.cancel(worker.attempt);
  });
}

}  // namespace farebench
