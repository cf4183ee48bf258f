#include "strategy/loop_scrapes.hpp"

#include <algorithm>
#include <thread>
#include <vector>

namespace farebench {

void run_on_loops(const batch& work, const outcome_sink& sink, event_loop::waiting how,
                  const std::function<void(loop_scrapes&)>& work_off) {
  check_batch(work);
  batch_run run{work, sink};
  const std::size_t workers = workers_needed(work);
  const std::size_t loops = std::clamp<std::size_t>(work.loops, 1, std::max<std::size_t>(workers, 1));
  const auto run_loop = [&](std::size_t number) noexcept {
    try {
      loop_scrapes part{run, workers * number / loops, workers * (number + 1) / loops, how};
      work_off(part);
    } catch (...) {
      run.fail(std::current_exception());
    }
  };
  {
    std::vector<std::jthread> threads;  // join at the end of the block
    try {
      for (std::size_t number = 1; number < loops; ++number) threads.emplace_back(run_loop, number);
    } catch (...) {
      run.fail(std::current_exception());  // no thread to be had
    }
    run_loop(0);
  }
  run.end();
}

}  // namespace farebench
