#include "tools/soak/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "mock_server/faults/fault_plan.hpp"

namespace farebench::soak {
namespace {

using namespace std::chrono_literals;

/// Faults that also affect exchanges for which they were not drawn. `refuse` closes the listener for 30 ms.
/// After `reset_after_answer` the next request may already be on its way when the reset arrives.
constexpr std::array spreading_faults{fault_kind::refuse, fault_kind::reset_after_response};
/// Faults that end only with the client's deadline. Their plans have a short deadline and few days.
constexpr std::array hanging_faults{fault_kind::no_response, fault_kind::dribble_headers,
                                    fault_kind::dribble_body};

template <std::size_t Count>
bool is_among(const std::array<fault_kind, Count>& kinds, fault_kind kind) {
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

}  // namespace farebench::soak
