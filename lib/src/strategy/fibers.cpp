#include "strategy/fibers.hpp"

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "farebench/event_loop.hpp"
#include "farebench/fiber.hpp"
#include "strategy/blocking_client.hpp"
#include "strategy/loop_scrapes.hpp"

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
  std::optional<std::size_t> index;  // of the query that it has
  fiber_client client{shared.loop(), shared.work().limits};
  fare_scanner scanner{};
};

/// A worker's life, from its first query on.
void work_off(fiber_worker& worker) {
  const batch& work = worker.shared.work();
  for (; worker.index; worker.index = worker.shared.next()) {
    worker.shared.deliver(worker.index,
                          scrape(work.base_url, work.query_at(*worker.index), worker.client, worker.scanner));
  }
}

}  // namespace

void fibers::run(const batch& work, const outcome_sink& sink) {
  run_on_loops(work, sink, event_loop::waiting::socket_action, [](loop_scrapes& shared) {
    fiber_stacks stacks{shared.workers()};
    std::vector<fiber> lives;
    std::deque<fiber_worker> workers;  // destroyed before the fibers that may wait for their clients
    lives.reserve(shared.workers());
    shared.start_workers([&](std::size_t first) {
      auto& worker = workers.emplace_back(shared, first);
      lives.emplace_back(stacks, [&worker] { work_off(worker); }).resume();
    });
    shared.loop().run(shared.work().stop);
    for (const auto& worker : workers) shared.cancel(worker.index);
  });
}

}  // namespace farebench
