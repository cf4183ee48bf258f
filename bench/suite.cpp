#include "bench/suite.hpp"

#include <fmt/format.h>

#include <utility>

#include "bench/columns.hpp"
#include "bench/measurement.hpp"

namespace farebench {
namespace {

constexpr int most_measurements = 3;

}  // namespace

suite::suite(programs with, strictness how, std::chrono::nanoseconds sample_every,
             std::optional<row_journal>& journal, std::optional<timeline_file>& timeline, progress& shown,
             std::stop_token drain)
    : with_{std::move(with)},
      how_{how},
      sample_every_{sample_every},
      journal_{journal},
      timeline_{timeline},
      progress_{shown},
      drain_{std::move(drain)} {}

void suite::add(const benchmark_case& row) {
  cases_.push_back(row);
  benchmark::RegisterBenchmark(row.name().c_str(),
                               [this, row](benchmark::State& state) { repeat(state, row); })
      ->UseManualTime()
      ->Iterations(1)
      ->Unit(benchmark::kMillisecond);
}

std::vector<case_result> suite::results() const {
  std::vector<case_result> results;
  for (const auto& row : cases_) {
    const auto found = facts_.find(row.name());
    if (found == facts_.end() || found->second.repetitions.empty()) continue;
    results.push_back({.parameters = row, .repetitions = found->second.repetitions});
  }
  return results;
}

void suite::repeat(benchmark::State& state, const benchmark_case& row) {
  progress_.start(row);
  state.SetLabel(fmt::format("engine: {}", to_string(row.engine)));
  // Google Benchmark insists that those that it skips have begun their iteration too.
  for ([[maybe_unused]] const auto iteration : state) {
    try {
      if (drain_.stop_requested()) throw run_interrupted{};
      measure_once(state, row);
    } catch (const run_interrupted&) {
      state.SkipWithError(row_not_measured);
      break;
    }
  }
  progress_.done(row);
}

void suite::measure_once(benchmark::State& state, const benchmark_case& row) {
  const std::string name = row.name();
  auto found = facts_.find(name);
  if (found == facts_.end()) found = facts_.emplace(name, find_out(row)).first;
  case_facts& facts = found->second;
  const finished_row finished = run_once(row, facts);
  state.SetIterationTime(finished.real_time_ms.value_or(0) / 1e3);
  for (const auto& [column, value] : finished.columns) state.counters[column] = value;
  if (journal_) journal_->append(name, static_cast<int>(facts.repetitions.size()), finished);
  ledger_.record(name, finished.verdict);
  facts.repetitions.push_back(finished);
}

measurement suite::measure_and_judge(const benchmark_case& row, const case_facts& facts,
                                     row_verdict& verdict) {
  for (int measured = 1;; ++measured) {
    measurement seen = measure(with_, row, sample_every_);
    verdict = judge(row, seen, facts.expected, how_);
    if (verdict.is_machines && measured < most_measurements && !drain_.stop_requested()) continue;
    if (measured > 1 && !verdict.failed()) {
      verdict.warning +=
          fmt::format("{}measured anew, as the server was late", verdict.warning.empty() ? "" : "; ");
    }
    return seen;
  }
}

finished_row suite::run_once(const benchmark_case& row, case_facts& facts) {
  finished_row finished;
  try {
    const measurement seen = measure_and_judge(row, facts, finished.verdict);
    if (timeline_)
      timeline_->append(row.name(), static_cast<int>(facts.repetitions.size()), seen.memory.curve);
    finished.real_time_ms = seen.report.wall_ms;
    finished.columns = column_values(row, seen, facts.counted);
  } catch (const run_interrupted&) {
    throw;
  } catch (const std::exception& fault) {
    finished.verdict.failure = fault.what();
  }
  if (!finished.verdict.failed() && !facts.count_failure.empty()) {
    finished.verdict.failure = "its heap could not be counted: " + facts.count_failure;
  }
  return finished;
}

suite::case_facts suite::find_out(const benchmark_case& row) const {
  case_facts facts;
  facts.expected = fares_of_site(row);
  try {
    facts.counted = count(with_, row);
  } catch (const run_interrupted&) {
    throw;
  } catch (const std::exception& fault) {
    facts.count_failure = fault.what();
  }
  return facts;
}

}  // namespace farebench
