#include "strategies/loop_workers.hpp"

#include <algorithm>
#include <exception>
#include <thread>
#include <vector>

namespace farebench {

loop_workers::loop_workers(const transport& http, batch_run& run, std::size_t first, std::size_t end)
    : run_{run}, first_{first}, end_{end}, loop_{http, end - first} {}

void loop_workers::fail_unstarted(const fetch_error& error) {
  for (std::size_t index = first_; index < end_; ++index) {
    scrape_attempt first{.index = index};
    run_.fail_attempt(first, fetch_error{error});
  }
}

/// Runs the loop. A drain expires the waits for retries, whose attempts are then cancelled.
void loop_workers::run_loop() {
  const std::stop_token& stop = run_.items().options().stop;
  while (!loop_.run(stop) && !stop.stop_requested() && !run_.has_failed()) loop_.expire_timers();
}

void run_on_loops(const transport& http, const run_items& items,
                  const std::function<void(loop_workers&)>& run_workers) {
  items.validate(http);
  const std::size_t workers = items.workers_needed();
  const std::size_t loops =
      std::clamp<std::size_t>(items.options().loops, 1, std::max<std::size_t>(workers, 1));
  batch_run run{items, workers};

  const auto run_part = [&](loop_workers& part) noexcept {
    try {
      try {
        run_workers(part);
      } catch (...) {
        // The run fails if its workers have started, or if no other loop can run the other queries.
        if (loops == 1 || part.has_started()) throw;
        part.fail_unstarted(resource_error());
      }
    } catch (...) {
      run.fail(std::current_exception());
    }
  };
  {
    loop_workers first{http, run, 0, workers / loops};
    std::vector<std::unique_ptr<loop_workers>> parts;
    until_refused([&] {
      parts.reserve(loops - 1);
      for (std::size_t i = 1; i < loops; ++i) {
        parts.push_back(
            std::make_unique<loop_workers>(http, run, workers * i / loops, workers * (i + 1) / loops));
      }
    });
    // Joined at the end of the block.
    std::vector<std::jthread> threads;
    until_refused([&] {
      threads.reserve(parts.size());
      for (const auto& part : parts) threads.emplace_back([&run_part, &part] { run_part(*part); });
    });
    // Called before the first loop runs, which then runs these queries.
    const std::size_t running = 1 + threads.size();
    if (running < loops) run.requeue(workers * running / loops);
    run_part(first);
  }
  run.finish();
}

}  // namespace farebench
