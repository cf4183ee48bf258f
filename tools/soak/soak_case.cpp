#include "tools/soak/soak_case.hpp"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lib/system/process_stats.hpp"
#include "mock_server/mock_server_process.hpp"
#include "tools/soak/oracle.hpp"
#include "tools/soak/run_record.hpp"

namespace farebench::soak {

std::string creep_of_this_process() {
  constexpr int warm_after = 5;
  constexpr std::int64_t heap_bytes = 1024 * 1024;
  static int calls = 0;
  static held_resources first;
  const auto now = held_now();
  if (++calls <= warm_after) {
    first = now;
    return {};
  }
  if (now.descriptors <= first.descriptors && now.threads <= first.threads &&
      now.heap_bytes <= first.heap_bytes + heap_bytes) {
    return {};
  }
  auto text =
      fmt::format("over {} cases: {} descriptors, {} threads and {} bytes of heap more", calls - warm_after,
                  static_cast<std::int64_t>(now.descriptors) - static_cast<std::int64_t>(first.descriptors),
                  static_cast<std::int64_t>(now.threads) - static_cast<std::int64_t>(first.threads),
                  now.heap_bytes - first.heap_bytes);
  first = now;  // said once
  return text;
}

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
  const auto counts = open_resources();
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

namespace {

using namespace std::chrono_literals;

mock_server_process::options server_of(const soak_case& what, const soak_plan& plan, const log_tail& log) {
  return {.latency = std::chrono::microseconds{plan.latency},
          .seed = what.seed,
          .page_kb = plan.page_kb,
          .engine = engine_kind::beast,
          .faults = what.how->faults,
          .faults_until = plan.faults_until,
          .fault_log = log.path()};
}

/// The site of a case, and one strategy's visit to it.
class visited_site {
 public:
  explicit visited_site(const soak_case& what)
      : what_{what}, plan_{plan_of(*what.how, what.seed)}, server_{server_of(what, plan_, log_)} {}

  recorded visit(strategy& how, bool is_sequential) {
    if (what_.how->faults_spread) wait_until_it_answers();
    log_.read_new();
    const disturbance disturb = what_.how->restarts ? disturbance{[this] { restart(); }} : disturbance{};
    auto seen = record_batch(how, batch_of(plan_, server_.url()), plan_, disturb);
    seen.run.log = log_.read_new();
    seen.run.site_stayed_up = !what_.how->restarts;
    seen.run.faults_spread = what_.how->faults_spread;
    if (is_sequential) seen.run.workers = 1;
    return seen;
  }

  const soak_plan& plan() const { return plan_; }

 private:
  /// The last visit may have left its listener closed; it opens again by itself.
  void wait_until_it_answers() const {
    for (int tries = 0;; ++tries) {
      try {
        server_.stats();
        return;
      } catch (const std::runtime_error&) {
        if (tries == 200) throw;
        std::this_thread::sleep_for(20ms);
      }
    }
  }
  void restart() {
    server_.kill();
    std::this_thread::sleep_for(30ms);
    server_.restart();
  }

  const soak_case what_;
  const soak_plan plan_;
  log_tail log_;
  mock_server_process server_;
};

}  // namespace

void run_case(const soak_case& what, std::span<const std::string> strategies, const strategy_maker& make,
              case_listener& listener) {
  constexpr int most_tries = 3;
  visited_site site{what};
  const auto longest_stall = std::min(site.plan().policy.exchange.exchange_deadline, 2'000ms) / 4;
  std::deque<run_record> kept;  // their addresses are in the next
  std::vector<std::pair<std::string_view, const run_record*>> together;
  for (const auto& name : strategies) {
    listener.begin(name);
    const auto way = make(name);
    breaches found;
    for (int tries = 1;; ++tries) {
      auto seen = site.visit(*way, name == "sequential");
      found = judge(seen.run);
      if (found.empty() || seen.stall < longest_stall || tries == most_tries) {
        together.emplace_back(name, &kept.emplace_back(std::move(seen.run)));
        break;
      }
    }
    listener.end(kept.back().outcomes.size());
    for (const auto& one : found) listener.broken(name, one);
  }
  if (what.how->goes_by_timing) return;
  for (const auto& [name, one] : judge_together(together)) listener.broken(name, one);
}

}  // namespace farebench::soak
