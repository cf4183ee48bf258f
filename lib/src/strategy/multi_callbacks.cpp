#include "strategy/multi_callbacks.hpp"

#include <deque>

#include "strategy/loop_scrapes.hpp"
#include "strategy/scrape_machine.hpp"

namespace farebench {

void multi_callbacks::run(const batch& work, const outcome_sink& sink) {
  run_on_loops(work, sink, waiting_, [](loop_scrapes& shared) {
    std::deque<scrape_machine> machines;
    shared.start_workers([&](std::size_t first) { machines.emplace_back(shared).start(first); });
    shared.loop().run(shared.work().stop);
    for (auto& machine : machines) machine.cancel();
  });
}

}  // namespace farebench
