#include "bench/suite.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "bench/columns.hpp"
#include "mock_server/stats_client.hpp"

namespace farebench {
namespace {

constexpr int max_measurements = 3;

}  // namespace

suite::suite(options how, row_journal* journal, timeline_file* timeline)
    : options_{std::move(how)}, journal_{journal}, timeline_{timeline} {}

std::optional<finished_row> suite::measure(const benchmark_case& row) {
  if (server_ != server_state::reachable) server_ = state_of_lost_server();
  if (server_ == server_state::lost) return std::nullopt;
  const std::string name = row.name();
  const auto repetition = static_cast<int>(ledger_.repetitions(name).size());
  finished_row finished;
  try {
    auto facts = facts_.find(name);
    if (facts == facts_.end()) facts = facts_.emplace(name, prepare(row)).first;
    finished = run_once(row, facts->second, repetition);
  } catch (const run_interrupted&) {
    return std::nullopt;
  } catch (const server_lost& error) {
    if (!options_.with.server_url.empty()) server_ = server_state::lost_in_row;
    finished.verdict.failure = error.what();
  }
  if (journal_ != nullptr) journal_->append(name, repetition, finished);
  ledger_.record(name, finished);
  return finished;
}

suite::server_state suite::state_of_lost_server() const {
  try {
    fetch_stats(options_.with.server_url);
    return server_state::reachable;
  } catch (const std::runtime_error&) {
    return server_state::lost;
  }
}

suite::case_facts suite::prepare(const benchmark_case& row) const {
  case_facts facts;
  facts.expected = results_of_site(row);
  try {
    facts.counted = count(options_.with, row);
  } catch (const run_interrupted&) {
    throw;
  } catch (const server_lost&) {
    throw;
  } catch (const std::exception& error) {
    facts.count_failure = error.what();
  }
  return facts;
}

finished_row suite::run_once(const benchmark_case& row, const case_facts& facts, int repetition) {
  finished_row finished;
  try {
    const measurement measured = measure_and_judge(row, facts, finished.verdict);
    if (timeline_ != nullptr) timeline_->append(row.name(), repetition, measured.memory.curve);
    finished.client_version = measured.report.version;
    finished.real_time_ms = measured.wall_ms();
    finished.item_histogram = measured.report.item_histogram;
    finished.columns = column_values(row, measured, facts.counted);
  } catch (const run_interrupted&) {
    throw;
  } catch (const server_lost&) {
    throw;
  } catch (const std::exception& error) {
    finished.verdict.failure = error.what();
  }
  if (!finished.verdict.failed() && !facts.count_failure.empty())
    finished.verdict.failure = "its heap could not be counted: " + facts.count_failure;
  return finished;
}

measurement suite::measure_and_judge(const benchmark_case& row, const case_facts& facts,
                                     row_verdict& verdict) const {
  std::string earlier_failure;
  for (int attempt = 1;; ++attempt) {
    measurement measured = farebench::measure(options_.with, row, options_.sample_every);
    verdict = judge(row, measured, facts.expected, options_.how);
    if (verdict.is_machines && attempt < max_measurements && !options_.drain.stop_requested()) {
      earlier_failure = std::move(verdict.failure);
      continue;
    }
    if (attempt > 1 && !verdict.failed()) {
      verdict.warning +=
          fmt::format("{}measured again after '{}'", verdict.warning.empty() ? "" : "; ", earlier_failure);
    }
    return measured;
  }
}

std::vector<case_result> results_of(const std::vector<benchmark_case>& cases, const row_ledger& ledger) {
  std::vector<case_result> results;
  for (const auto& row : cases) {
    const auto measured = ledger.repetitions(row.name());
    if (!measured.empty())
      results.push_back({.parameters = row, .repetitions = {measured.begin(), measured.end()}});
  }
  return results;
}

}  // namespace farebench
