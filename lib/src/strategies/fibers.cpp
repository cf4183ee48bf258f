#include <utility>

#include "farebench/fiber.hpp"
#include "strategies/loop_workers.hpp"
#include "strategies/scrape.hpp"
#include "strategies/strategies.hpp"

namespace farebench {
namespace {

/// Client that suspends the running fiber.
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

/// Runs the blocking code in a fiber, which is suspended at each exchange.
class fiber_worker {
 public:
  fiber_worker(loop_workers& shared, scrape_attempt first, fiber_stacks& stacks)
      : shared_{shared},
        attempt_{first},
        fiber_{stacks, [this] { run(); }},
        client_{shared.loop(), shared.limits()} {}

  void start() { fiber_.resume(); }
  scrape_attempt& attempt() { return attempt_; }

 private:
  void run() {
    while (attempt_) {
      make_attempt(shared_.run(), attempt_, client_, scanner_);
      shared_.next_attempt(attempt_, [&](auto due) { await_until(shared_.loop(), due); });
    }
  }

  loop_workers& shared_;
  scrape_attempt attempt_;
  // Before the client, and so destroyed after it: the fiber may wait for the client.
  fiber fiber_;
  fiber_client client_;
  fare_scanner scanner_;
};

}  // namespace

/// Runs W stackful fibers on the event loops.
void run_fibers(const transport& http, const run_items& items) {
  run_on_loops(http, items, [](loop_workers& shared) {
    fiber_stacks stacks{shared.size()};
    shared.run_all<fiber_worker>(stacks);
  });
}

}  // namespace farebench
