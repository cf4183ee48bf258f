#include "tools/soak/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "mock_server/faults/fault_plan.hpp"

namespace farebench::soak {
namespace {

using namespace std::chrono_literals;

// Whoever comes within 30 ms after the first is refused too. And a connection that is reset behind an answer
// may be found dead when the next request is already on its way: that attempt, which no fault was drawn for,
// is lost.
constexpr std::array spreading{fault_kind::refuse, fault_kind::reset_after_response};
// These take a client to its deadline: with them it is short, and there are few days.
constexpr std::array waited_for{fault_kind::no_response, fault_kind::dribble_headers,
                                fault_kind::dribble_body};

template <std::size_t Count>
bool is_among(const std::array<fault_kind, Count>& kinds, fault_kind kind) {
  return std::ranges::find(kinds, kind) != kinds.end();
}

/// 45 % of the exchanges meet one, of all faults evenly; or of those only that no clock has a say in.
std::string mix_of(bool with_all) {
  std::string text;
  for (const auto& one : fault_table) {
    if (!with_all && (is_among(spreading, one.kind) || is_among(waited_for, one.kind))) continue;
    fmt::format_to(std::back_inserter(text), "{}{}:{:.2f}%", text.empty() ? "" : ",", one.name,
                   45.0 / static_cast<double>(fault_table.size()));
  }
  return text;
}

std::vector<scenario> make_scenarios() {
  std::vector<scenario> all;
  for (const auto& one : fault_table) {
    const bool spreads = is_among(spreading, one.kind);
    all.push_back({.name = std::string{one.name},
                   .faults = fmt::format("{}:40%", one.name),
                   .goes_by_timing = spreads,
                   .faults_spread = spreads});
  }
  all.push_back({.name = "mix", .faults = mix_of(false)});
  all.push_back(
      {.name = "everything", .faults = mix_of(true), .goes_by_timing = true, .faults_spread = true});
  all.push_back({.name = "restart",
                 .faults = "reset_mid_body:5%,status_503:5%,cut_between_rows:5%",
                 .goes_by_timing = true,
                 .restarts = true});
  all.push_back({.name = "outage", .faults = "status_503:100%", .goes_by_timing = true});
  return all;
}

bool waits(const scenario& how) {
  const auto kind = parse_fault_kind(how.name);
  return kind && is_among(waited_for, *kind);
}

}  // namespace

const std::vector<scenario>& all_scenarios() {
  static const std::vector<scenario> all = make_scenarios();
  return all;
}

const scenario* find_scenario(std::string_view name) {
  const auto at = std::ranges::find(all_scenarios(), name, &scenario::name);
  return at == all_scenarios().end() ? nullptr : &*at;
}

soak_plan plan_of(const scenario& how, std::uint64_t seed) {
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
  // A fault is to be met, and not a machine that is busy: so it is long where no fault is waited out.
  policy.exchange.exchange_deadline = 4s;
  policy.exchange.connect_timeout = 4s;
  policy.exchange.max_body_bytes = 256 * 1024;
  policy.exchange.accept_compressed = seed % 4 == 1;
  if (seed % 2 == 0) plan.faults_until = 2;
  if (seed % 3 == 0) plan.workers = 2;
  if (waits(how)) {
    plan.days = 4;
    plan.workers = 4;
    policy.exchange.exchange_deadline = 400ms;
    policy.scrape_deadline = 5s;
    if (seed % 2 == 1) {  // half of them by the least rate
      policy.exchange.min_rate_grace = 150ms;
      policy.exchange.min_bytes_per_second = 500;
    }
  }
  if (how.name == "mix" || how.name == "everything") {
    plan.days = 12;
    plan.workers = seed % 3 == 0 ? 4 : 12;
  }
  if (how.name == "everything") policy.exchange.exchange_deadline = 1s;
  if (how.faults_spread) {
    policy.max_attempts = 30;  // as often as it takes, until nobody is refused any more
    policy.backoff_cap = 60ms;
  }
  if (how.name == "outage") {
    policy.retry_floor = 2;
    policy.retry_share = 0.5;
    plan.faults_until.reset();
  }
  if (how.restarts) {
    plan.days = 40;
    plan.workers = 4;
    plan.latency = 3ms;
    plan.faults_until = 3;
    policy.max_attempts = 200;  // as often as it takes, until it is back
    policy.backoff_cap = 50ms;
  }
  return plan;
}

}  // namespace farebench::soak
