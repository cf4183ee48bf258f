#include "tests/soak/recorded_batch.hpp"

#include <malloc.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "tests/support/open_resources.hpp"

namespace farebench::soak {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

query day(std::size_t index) {
  using namespace std::chrono;
  return {.from = "ID10202003",
          .to = "ID10202002",
          .date = sys_days{2026y / March / 1} + days{static_cast<int>(index)}};
}

}  // namespace

held_resources held_now() {
  const auto counts = test::open_resources();
  const auto heap = ::mallinfo2();
  return {counts.descriptors, counts.threads, static_cast<std::int64_t>(heap.uordblks + heap.hblkhd)};
}

batch batch_of(const soak_plan& plan, const std::string& url) {
  return {.base_url = url,
          .size = plan.days,
          .query_at = day,
          .workers = plan.workers,
          .loops = plan.loops,
          .policy = plan.policy};
}

recorded record_batch(strategy& how, const batch& work, const soak_plan& plan, const disturbance& disturb) {
  recorded all;
  run_record& run = all.run;
  run.page_kb = plan.page_kb;
  run.workers = work.workers;
  run.policy = work.policy;
  if (plan.faults_until) run.faults_until = *plan.faults_until;
  for (std::size_t index = 0; index < work.size; ++index) run.asked.push_back(work.query_at(index));

  // A strategy tells one thing at a time; that it does is for the contract tests.
  std::mutex mutex;
  std::condition_variable changed;
  bool is_over = false;
  std::size_t home = 0;
  batch told = work;
  told.on_retry = [&](std::size_t index, std::size_t attempt, const fetch_error& why, milliseconds wait) {
    const std::lock_guard lock{mutex};
    run.retries.push_back({index, attempt, why, wait});
  };
  const outcome_sink sink = [&](std::size_t index, outcome&& result) {
    const std::lock_guard lock{mutex};
    run.outcomes.push_back({index, std::move(result)});
    if (++home * 3 >= work.size) changed.notify_all();
  };

  const auto before = held_now();
  std::thread running{[&] {
    const auto begin = clock::now();
    try {
      how.run(told, sink);
    } catch (const std::exception& thrown) {
      run.threw = thrown.what();
    }
    const std::lock_guard lock{mutex};
    run.wall = duration_cast<milliseconds>(clock::now() - begin);
    is_over = true;
    changed.notify_all();
  }};
  {
    constexpr auto look_every = 20ms;
    std::unique_lock lock{mutex};
    bool was_disturbed = !disturb;
    while (!is_over) {
      const auto begin = clock::now();
      changed.wait_for(lock, look_every,
                       [&] { return is_over || (!was_disturbed && home * 3 >= work.size); });
      all.stall = std::max(all.stall, duration_cast<milliseconds>(clock::now() - begin - look_every));
      if (is_over || was_disturbed || home * 3 < work.size) continue;
      was_disturbed = true;
      lock.unlock();
      disturb();
      lock.lock();
    }
  }
  running.join();
  run.before = before;
  run.after = held_now();
  // A thread that was joined may be listed for a moment more.
  for (int i = 0; i < 100 && run.after.threads > before.threads; ++i) {
    std::this_thread::sleep_for(2ms);
    run.after = held_now();
  }
  return all;
}

}  // namespace farebench::soak
