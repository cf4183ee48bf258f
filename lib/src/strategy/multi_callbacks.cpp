#include "strategy/multi_callbacks.hpp"

#include "strategy/loop_scrapes.hpp"
#include "strategy/scrape_machine.hpp"
#include "strategy/worker_store.hpp"

namespace farebench {

void multi_callbacks::run(const batch& work, const outcome_sink& sink) {
  run_on_loops(work, sink, waiting_, [](loop_scrapes& shared) {
    worker_store<scrape_machine> machines{shared.workers()};
    shared.start_workers([&](scrape_attempt first) { return &machines.emplace_back(shared, first); },
                         [](scrape_machine& machine) { machine.start(); });
    shared.run_loop();
    for (auto& machine : machines) machine.cancel();
  });
}

}  // namespace farebench
