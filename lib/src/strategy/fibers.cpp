#include "strategy/fibers.hpp"

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

/// A worker's life, from the query that it is given in `index`: there a stop finds the one that it has.
void work_off(loop_scrapes& shared, std::optional<std::size_t>& index) {
  const batch& work = shared.work();
  fiber_client client{shared.loop(), work.limits};
  fare_scanner scanner;
  for (; index; index = shared.next()) {
    shared.deliver(index, scrape(work.base_url, work.query_at(*index), client, scanner));
  }
}

}  // namespace

void fibers::run(const batch& work, const outcome_sink& sink) {
  run_on_loops(work, sink, event_loop::waiting::socket_action, [](loop_scrapes& shared) {
    std::vector<std::optional<std::size_t>> indices(shared.workers());
    {
      fiber_stacks stacks{indices.size()};
      std::vector<fiber> workers;
      workers.reserve(indices.size());
      shared.start_workers([&](std::size_t position, std::size_t first) {
        auto& index = indices[position];
        index = first;
        workers.emplace_back(stacks, [&shared, &index] { work_off(shared, index); }).resume();
      });
      shared.loop().run(shared.work().stop);
    }  // unwinds, after a stop, the fibers in flight
    for (const auto& index : indices) {
      if (index) shared.cancel(*index);
    }
  });
}

}  // namespace farebench
