#include "tools/soak/soak_case.hpp"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "lib/system/process_stats.hpp"
#include "mock_server/faults/fault_plan.hpp"
#include "mock_server/mock_server_process.hpp"

namespace farebench::soak {
namespace {

using namespace std::chrono_literals;

/// Faults that also affect exchanges for which they were not drawn. `refuse` closes the listener for 30 ms.
/// After `reset_after_answer` the next request may already be on its way when the reset arrives.
constexpr std::array spreading_faults{fault_kind::refuse, fault_kind::reset_after_response};
/// Faults that end only with the client's deadline. Their plans have a short deadline and few days.
constexpr std::array hanging_faults{fault_kind::no_response, fault_kind::dribble_headers,
                                    fault_kind::dribble_body};

bool is_among(std::span<const fault_kind> kinds, fault_kind kind) {
  return std::ranges::find(kinds, kind) != kinds.end();
}

/// All faults, or all that are neither spreading nor hanging. The rate of each is 45 % divided by the number
/// of all faults.
std::string mixed_faults(bool with_all) {
  std::string text;
  for (const auto& fault : fault_table) {
    if (!with_all && (is_among(spreading_faults, fault.kind) || is_among(hanging_faults, fault.kind)))
      continue;
    fmt::format_to(std::back_inserter(text), "{}{}:{:.2f}%", text.empty() ? "" : ",", fault.name,
                   45.0 / static_cast<double>(fault_table.size()));
  }
  return text;
}

std::vector<fault_scenario> make_scenarios() {
  std::vector<fault_scenario> scenarios;
  for (const auto& fault : fault_table) {
    const bool spreads = is_among(spreading_faults, fault.kind);
    scenarios.push_back({.name = std::string{fault.name},
                         .faults = fmt::format("{}:40%", fault.name),
                         .depends_on_timing = spreads,
                         .faults_spread = spreads});
  }
  scenarios.push_back(
      {.name = "mix",
       .meaning = "all faults together, except those that depend on timing or wait for a deadline",
       .faults = mixed_faults(false)});
  scenarios.push_back({.name = "everything",
                       .meaning = "all faults together",
                       .faults = mixed_faults(true),
                       .depends_on_timing = true,
                       .faults_spread = true});
  scenarios.push_back({.name = "restart",
                       .meaning = "a few faults, and a server that is killed and restarted during the run",
                       .faults = "reset_mid_body:5%,status_503:5%,cut_between_rows:5%",
                       .depends_on_timing = true,
                       .restarts_server = true});
  scenarios.push_back({.name = "outage",
                       .meaning = "503 for every request, with a budget of few retries",
                       .faults = "status_503:100%",
                       .depends_on_timing = true});
  return scenarios;
}

}  // namespace

const std::vector<fault_scenario>& all_scenarios() {
  static const std::vector<fault_scenario> scenarios = make_scenarios();
  return scenarios;
}

const fault_scenario* find_scenario(std::string_view name) {
  const auto at = std::ranges::find(all_scenarios(), name, &fault_scenario::name);
  return at == all_scenarios().end() ? nullptr : &*at;
}

soak_plan make_plan(const fault_scenario& scenario, std::uint64_t seed) {
  soak_plan plan{.days = 6,
                 .workers = 6,
                 .loops = 1 + seed / 2 % 2,
                 .page_kb = seed % 5 == 0 ? 20u : 3u,
                 .latency = seed % 3 == 1 ? 2ms : 0ms,
                 .faults_until = {},
                 .policy = {}};
  fetch_policy& policy = plan.policy;
  policy.tag_requests = true;
  policy.max_attempts = 3;
  policy.backoff_base = 2ms;
  policy.backoff_cap = 10ms;
  policy.retry_after_cap = 20ms;
  policy.retry_floor = 10'000;
  policy.scrape_deadline = 12s;
  // Long, so that a busy machine causes no timeout.
  policy.exchange.exchange_deadline = 4s;
  policy.exchange.connect_timeout = 4s;
  policy.exchange.max_body_bytes = 256 * 1024;
  policy.exchange.accept_compressed = seed % 4 == 1;
  if (seed % 2 == 0) plan.faults_until = 2;
  if (seed % 3 == 0) plan.workers = 2;
  if (const auto fault = parse_fault_kind(scenario.name); fault && is_among(hanging_faults, *fault)) {
    plan.days = 4;
    plan.workers = 4;
    policy.exchange.exchange_deadline = 400ms;
    policy.scrape_deadline = 5s;
    // With half of the seeds, the minimum rate ends the exchange before the deadline does.
    if (seed % 2 == 1) {
      policy.exchange.min_rate_grace = 150ms;
      policy.exchange.min_bytes_per_second = 500;
    }
  }
  if (scenario.name == "mix" || scenario.name == "everything") {
    plan.days = 12;
    plan.workers = seed % 3 == 0 ? 4 : 12;
  }
  if (scenario.name == "everything") policy.exchange.exchange_deadline = 1s;
  if (scenario.faults_spread) {
    // Enough attempts to outlast every closed listener.
    policy.max_attempts = 30;
    policy.backoff_cap = 60ms;
  }
  if (scenario.name == "outage") {
    policy.retry_floor = 2;
    policy.retry_share = 0.5;
    plan.faults_until.reset();
  }
  if (scenario.restarts_server) {
    plan.days = 40;
    plan.workers = 4;
    plan.latency = 3ms;
    plan.faults_until = 3;
    // Enough attempts to outlast the restart.
    policy.max_attempts = 200;
    policy.backoff_cap = 50ms;
  }
  return plan;
}

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

held_resources current_resources() {
  const auto counts = open_resources();
  const auto heap = ::mallinfo2();
  return {counts.descriptors, counts.threads, static_cast<std::int64_t>(heap.uordblks + heap.hblkhd)};
}

/// Resources after a run. A joined thread may stay listed in /proc for a moment: waits for it, up to 200 ms.
held_resources resources_after(const held_resources& before) {
  auto after = current_resources();
  for (int i = 0; i < 100 && after.threads > before.threads; ++i) {
    std::this_thread::sleep_for(2ms);
    after = current_resources();
  }
  return after;
}

/// Consecutive days of one route.
query query_of_day(std::size_t index) {
  using namespace std::chrono;
  return {.from = "ID10202003",
          .to = "ID10202002",
          .date = sys_days{2026y / March / 1} + days{static_cast<int>(index)}};
}

batch make_batch(const soak_plan& plan, const std::string& url) {
  return {.base_url = url,
          .size = plan.days,
          .query_at = query_of_day,
          .workers = plan.workers,
          .loops = plan.loops,
          .policy = plan.policy};
}

struct recorded_run {
  /// Without the server's log.
  run_record run;
  /// Maximum delay of a timed wait: how long a busy machine kept this process from running.
  milliseconds stall{0};
};

/// Runs a batch on a thread of its own and records its reports and its cost. Calls `disturb`, if any, once,
/// on the calling thread, when a third of the outcomes are complete.
recorded_run record_run(strategy& client, const batch& work, const soak_plan& plan,
                        const std::function<void()>& disturb) {
  recorded_run result;
  run_record& run = result.run;
  run.page_kb = plan.page_kb;
  run.workers = work.workers;
  run.policy = work.policy;
  if (plan.faults_until) run.faults_until = *plan.faults_until;
  for (std::size_t index = 0; index < work.size; ++index) run.queries.push_back(work.query_at(index));

  std::mutex mutex;
  std::condition_variable changed;
  bool is_over = false;
  std::size_t completed = 0;
  batch observed = work;
  observed.on_retry = [&](std::size_t index, std::size_t attempt, const fetch_error& error,
                          milliseconds wait) {
    const std::lock_guard lock{mutex};
    run.retries.push_back({index, attempt, error, wait});
  };
  const outcome_sink sink = [&](std::size_t index, outcome&& completion) {
    const std::lock_guard lock{mutex};
    run.outcomes.push_back({index, std::move(completion)});
    if (++completed * 3 >= work.size) changed.notify_all();
  };

  run.resources_before = current_resources();
  auto last_sample = clock::now();
  std::thread runner{[&] {
    const auto begin = clock::now();
    try {
      client.run(observed, sink);
    } catch (const std::exception& error) {
      run.exception = error.what();
    }
    const std::lock_guard lock{mutex};
    run.wall = duration_cast<milliseconds>(clock::now() - begin);
    is_over = true;
    changed.notify_all();
  }};
  {
    constexpr auto sampling_interval = 20ms;
    std::unique_lock lock{mutex};
    bool was_disturbed = !disturb;
    const auto is_due = [&] { return !was_disturbed && completed * 3 >= work.size; };
    for (;;) {
      changed.wait_for(lock, sampling_interval, [&] { return is_over || is_due(); });
      // Samples adjoin from before the first thread to the end of the run, so that no stall is missed.
      const auto now = clock::now();
      result.stall =
          std::max(result.stall, duration_cast<milliseconds>(now - last_sample - sampling_interval));
      last_sample = now;
      if (is_over) break;
      if (!is_due()) continue;
      was_disturbed = true;
      lock.unlock();
      disturb();
      lock.lock();
      last_sample = clock::now();
    }
  }
  runner.join();
  run.resources_after = resources_after(run.resources_before);
  return result;
}

mock_server_process::options server_options(const soak_case& work, const soak_plan& plan,
                                            const log_tail& log) {
  return {.latency = std::chrono::microseconds{plan.latency},
          .seed = work.seed,
          .page_kb = plan.page_kb,
          .engine = engine_kind::beast,
          .faults = work.scenario->faults,
          .faults_until = plan.faults_until,
          .fault_log = log.path(),
          .executable = work.mock_server};
}

/// The mock server of a case.
class case_site {
 public:
  explicit case_site(const soak_case& work)
      : scenario_{*work.scenario},
        plan_{make_plan(scenario_, work.seed)},
        server_{server_options(work, plan_, log_)} {}

  recorded_run run(strategy& client, bool uses_workers) {
    if (scenario_.faults_spread) wait_until_it_responds();
    log_.read_new();
    const auto disturb = scenario_.restarts_server ? std::function{[this] { restart(); }} : nullptr;
    auto result = record_run(client, make_batch(plan_, server_.url()), plan_, disturb);
    result.run.log = log_.read_new(scenario_.restarts_server);
    result.run.site_stayed_up = !scenario_.restarts_server;
    result.run.faults_spread = scenario_.faults_spread;
    if (!uses_workers) result.run.workers = 1;
    return result;
  }

  const soak_plan& plan() const { return plan_; }

 private:
  /// The previous run may have left the listener closed; it reopens by itself.
  void wait_until_it_responds() const {
    constexpr int max_tries = 200;
    for (int tries = 0;; ++tries) {
      try {
        server_.stats();
        return;
      } catch (const std::runtime_error&) {
        if (tries == max_tries) throw;
        std::this_thread::sleep_for(20ms);
      }
    }
  }

  void restart() {
    server_.kill();
    // The length of the outage.
    std::this_thread::sleep_for(30ms);
    server_.restart();
  }

  const fault_scenario& scenario_;
  const soak_plan plan_;
  log_tail log_;
  mock_server_process server_;
};

}  // namespace

void run_case(const soak_case& work, std::span<const soak_client> clients, const case_listener& listener) {
  using enum case_report::kind;
  constexpr int max_runs = 3;
  case_site site{work};
  const auto max_stall = std::min(site.plan().policy.exchange.exchange_deadline, 2'000ms) / 4;
  const bool is_compared = !work.scenario->depends_on_timing;
  // A deque, because `by_client` points into it.
  std::deque<run_record> runs;
  std::vector<std::pair<std::string_view, const run_record*>> by_client;
  for (const auto& client : clients) {
    listener({.type = run_begin, .client = client.name});
    const auto tested = client.create();
    std::vector<violation> violations;
    for (int count = 1;; ++count) {
      auto recorded = site.run(*tested, client.uses_workers);
      violations = judge(recorded.run);
      const bool has_stalled = recorded.stall >= max_stall;
      if (has_stalled && (is_compared || !violations.empty()) && count < max_runs) continue;
      runs.push_back(std::move(recorded.run));
      if (!has_stalled) by_client.emplace_back(client.name, &runs.back());
      break;
    }
    listener({.type = run_end, .client = client.name, .outcomes = runs.back().outcomes.size()});
    for (const auto& found : violations)
      listener({.type = violation_found, .client = client.name, .found = found});
  }
  if (!is_compared) return;
  for (const auto& [name, found] : judge_together(by_client))
    listener({.type = violation_found, .client = std::string{name}, .found = found});
}

std::string growth_detector::check() {
  constexpr int warm_up_calls = 5;
  constexpr std::int64_t max_heap_growth_bytes = 1024 * 1024;
  const auto now = current_resources();
  if (++calls_ <= warm_up_calls) {
    first_ = now;
    return {};
  }
  if (now.descriptors <= first_.descriptors && now.threads <= first_.threads &&
      now.heap_bytes <= first_.heap_bytes + max_heap_growth_bytes) {
    return {};
  }
  auto text =
      fmt::format("over {} cases: {:+} descriptors, {:+} threads, {:+} bytes of heap", calls_ - warm_up_calls,
                  static_cast<std::int64_t>(now.descriptors) - static_cast<std::int64_t>(first_.descriptors),
                  static_cast<std::int64_t>(now.threads) - static_cast<std::int64_t>(first_.threads),
                  now.heap_bytes - first_.heap_bytes);
  first_ = now;
  return text;
}

}  // namespace farebench::soak
