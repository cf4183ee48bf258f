#include "tests/soak/soak_case.hpp"

#include <algorithm>
#include <deque>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "mock_server/process/mock_server_process.hpp"
#include "tests/soak/log_tail.hpp"
#include "tests/soak/oracle.hpp"
#include "tests/soak/recorded_batch.hpp"

namespace farebench::soak {
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
