#include "strategies/loop_workers.hpp"

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

#include "strategies/batch_run.hpp"

namespace farebench {
namespace {

using loop_part = std::unique_ptr<loop_scrapes>;

/// Loops [1, loops) with their part of the workers, until the system gives no more.
std::vector<loop_part> further_loops(batch_run& run, std::size_t workers, std::size_t loops,
                                     event_loop::wait_mode how) {
  std::vector<loop_part> parts;
  until_refused([&] {
    parts.reserve(loops - 1);
    for (std::size_t number = 1; number < loops; ++number) {
      parts.push_back(
          std::make_unique<loop_scrapes>(run, workers * number / loops, workers * (number + 1) / loops, how));
    }
  });
  return parts;
}

/// A thread for each, until the system gives no more.
std::vector<std::jthread> start_threads(const std::vector<loop_part>& parts,
                                        const std::function<void(loop_scrapes&)>& run_loop) {
  std::vector<std::jthread> threads;
  until_refused([&] {
    threads.reserve(parts.size());
    for (const auto& part : parts) threads.emplace_back([&run_loop, &part] { run_loop(*part); });
  });
  return threads;
}

}  // namespace

void run_on_loops(const batch& work, const outcome_sink& sink, event_loop::wait_mode how,
                  const std::function<void(loop_scrapes&)>& work_off) {
  check_batch(work);
  const std::size_t workers = workers_needed(work);
  const std::size_t loops = std::clamp<std::size_t>(work.loops, 1, std::max<std::size_t>(workers, 1));
  batch_run run{work, sink, workers};
  const std::function<void(loop_scrapes&)> run_loop = [&](loop_scrapes& part) noexcept {
    try {
      try {
        work_off(part);
      } catch (...) {
        if (loops == 1) throw;  // nothing has begun anywhere, or nothing of the kind was the reason
        part.give_up_unbegun();
      }
    } catch (...) {
      run.fail(std::current_exception());
    }
  };
  {
    loop_scrapes first{run, 0, workers / loops, how};
    const auto others = further_loops(run, workers, loops, how);
    const auto threads = start_threads(others, run_loop);  // join at the end of the block
    // Before the first loop begins, so that it is there to take them.
    if (const std::size_t running = 1 + threads.size(); running < loops) {
      run.hand_back(workers * running / loops);
    }
    run_loop(first);
  }
  run.end();
}

}  // namespace farebench
