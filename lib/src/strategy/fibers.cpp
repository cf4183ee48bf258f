#include "strategy/fibers.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "farebench/event_loop.hpp"
#include "farebench/fiber.hpp"
#include "strategy/blocking_client.hpp"
#include "strategy/check_batch.hpp"
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
    auto result = scrape(work.base_url, work.query_at(*index), client, scanner);
    shared.deliver(*std::exchange(index, std::nullopt), std::move(result));
  }
}

}  // namespace

void fibers::run(const batch& work, const outcome_sink& sink) {
  check_batch(work);
  event_loop loop{workers_needed(work)};
  loop_scrapes shared{work, sink, loop};
  std::vector<std::optional<std::size_t>> indices(workers_needed(work));
  {
    fiber_stacks stacks{indices.size()};
    std::vector<fiber> workers;
    workers.reserve(indices.size());
    shared.start_workers([&](std::size_t worker) {
      indices[worker] = worker;
      workers.emplace_back(stacks, [&shared, &index = indices[worker]] { work_off(shared, index); }).resume();
    });
    loop.run(work.stop);
  }  // unwinds, after a stop, the fibers in flight
  for (const auto& index : indices) {
    if (index) sink(*index, cancelled_outcome());
  }
  shared.cancel_rest();
}

}  // namespace farebench
