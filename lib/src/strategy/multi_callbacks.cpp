#include "strategy/multi_callbacks.hpp"

#include <deque>

#include "strategy/check_batch.hpp"
#include "strategy/scrape_machine.hpp"

namespace farebench {

void multi_callbacks::run(const batch& work, const outcome_sink& sink) {
  check_batch(work);
  event_loop loop{workers_needed(work), waiting_};
  loop_scrapes shared{work, sink, loop};
  std::deque<scrape_machine> machines;
  shared.start_workers([&](std::size_t worker) { machines.emplace_back(shared).start(worker); });
  loop.run(work.stop);
  for (auto& machine : machines) machine.cancel();
  shared.cancel_rest();
}

}  // namespace farebench
