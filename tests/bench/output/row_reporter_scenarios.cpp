// A benchmark program whose cases are made up: row_reporter_scenarios SCENARIO [Google Benchmark's flags].
// Exits with 1 when a row failed, 3 when the reporter found the program at fault.

#include <benchmark/benchmark.h>

#include <cstdio>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bench/output/row_reporter.hpp"

namespace {

using farebench::row_verdict;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

const std::vector<std::string> column_names{"errors", "fares", "ideal_ratio", "rss_peak_bytes",
                                            "scrape_p99_ms"};

struct repetition {
  double seconds = 0;
  std::map<std::string, double> columns = {};
  row_verdict verdict = {};
  std::string label = {};
  bool is_recorded = true;
  bool is_skipped = false;
};

struct fake_case {
  std::string name;
  std::vector<repetition> repetitions;
};

repetition good(double seconds) {
  return {.seconds = seconds,
          .columns = {{"errors", 0},
                      {"fares", 1200},
                      {"ideal_ratio", seconds / 0.04},
                      {"rss_peak_bytes", 12345678},
                      {"scrape_p99_ms", 41.5}}};
}

repetition bad(double seconds, std::string reason) {
  auto row = good(seconds);
  row.columns["errors"] = 7;
  row.verdict.failure = std::move(reason);
  return row;
}

std::vector<fake_case> cases_of(const std::string& scenario) {
  const fake_case steady{"fetch/strategy:steady", {good(0.046), good(0.047), good(0.045)}};
  if (scenario == "plain") return {steady, {"fetch/strategy:nano", {good(0.05), good(0.06), good(0.07)}}};
  if (scenario == "first_fails") {
    repetition early{.seconds = nan, .verdict = {.failure = "the probe ended early"}};
    return {{"fetch/strategy:broken", {early, bad(0.046, "17 fares are missing"), good(0.048)}}, steady};
  }
  if (scenario == "all_fail") {
    const auto row = bad(0.046, "beat the ideal");
    return {{"fetch/strategy:broken", {row, row, row}}};
  }
  if (scenario == "absent") {
    auto row = good(0.046);
    row.columns = {{"fares", 3}};
    auto nothing = row;
    nothing.columns.clear();
    return {{"fetch/strategy:sparse", {row, row, row}},
            steady,
            {"fetch/strategy:bare", {nothing, nothing, nothing}}};
  }
  if (scenario == "not_finite") {
    auto row = good(0.046);
    row.columns["ideal_ratio"] = nan;
    row.columns["scrape_p99_ms"] = inf;
    row.columns["errors"] = -inf;
    auto second = row;
    second.columns["errors"] = 4;
    return {{"fetch/strategy:odd", {row, second, row}}};
  }
  if (scenario == "zeros") {
    auto row = good(0);
    for (auto& [name, value] : row.columns) value = 0;
    return {{"fetch/strategy:zero", {row, row, row}}};
  }
  if (scenario == "hard_text") {
    auto row = bad(0.046, "a, \"b\"\nc\td \x1b[1m \xff € 'e' nan");
    row.verdict.warning = "late: 3 ms,\n\"p99\"";
    row.label = "its own, label";
    auto warned = good(0.046);
    warned.verdict.warning = "nan, \"late\"";
    return {{"fetch/strategy:hard", {row, warned, row}}};
  }
  if (scenario == "skipped") {
    auto row = good(0.046);
    row.is_skipped = true;
    row.verdict.failure = "no server";
    return {{"fetch/strategy:skipped", {row, row, row}}, steady};
  }
  auto wrong = good(0.046);
  if (scenario == "unknown_column") wrong.columns["mystery"] = 1;
  if (scenario == "no_verdict") wrong.is_recorded = false;
  if (scenario == "no_time") wrong.seconds = nan;
  return {{"fetch/strategy:wrong", {wrong, wrong, wrong}}};
}

void play(const repetition& row, benchmark::State& state) {
  if (row.is_skipped) {
    state.SkipWithError("skipped by itself");
    return;
  }
  for ([[maybe_unused]] auto _ : state) state.SetIterationTime(row.seconds);
  for (const auto& [name, value] : row.columns) state.counters[name] = value;
  if (!row.label.empty()) state.SetLabel(row.label);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::string scenario = argv[1];
  bool has_file = false;
  auto file_format = farebench::output_format::json;
  for (const std::string_view flag : std::span(argv + 2, static_cast<std::size_t>(argc - 2))) {
    has_file = has_file || flag.starts_with("--benchmark_out=");
    if (flag == "--benchmark_out_format=csv") file_format = farebench::output_format::csv;
  }
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("note", "a \"quoted\", odd \x01 note");

  farebench::row_ledger ledger;
  std::map<std::string, std::size_t> next;
  const auto cases = cases_of(scenario);
  for (const auto& what : cases)
    benchmark::RegisterBenchmark(what.name.c_str(),
                                 [&](benchmark::State& state) {
                                   const auto& row =
                                       what.repetitions.at(next[what.name]++ % what.repetitions.size());
                                   play(row, state);
                                   if (row.is_recorded) ledger.record(what.name, row.verdict);
                                 })
        ->UseManualTime()
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);

  const auto display = farebench::make_display_reporter(column_names, ledger);
  std::unique_ptr<benchmark::BenchmarkReporter> file_reporter;
  if (has_file) file_reporter = farebench::make_row_reporter(file_format, column_names, ledger);
  try {
    benchmark::RunSpecifiedBenchmarks(display.get(), file_reporter.get());
  } catch (const std::logic_error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 3;
  }
  return ledger.failed_rows() == 0 ? 0 : 1;
}
