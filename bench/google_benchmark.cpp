#include "bench/google_benchmark.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <sstream>
#include <utility>

#include "bench/flags.hpp"
#include "lib/system/command_line.hpp"

namespace farebench {
namespace {

using nlohmann::ordered_json;

/// Passes reported runs to a function.
class run_collector final : public benchmark::BenchmarkReporter {
 public:
  explicit run_collector(std::function<void(const std::vector<Run>&)> on_runs)
      : on_runs_{std::move(on_runs)} {}

  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override { on_runs_(runs); }

 private:
  std::function<void(const std::vector<Run>&)> on_runs_;
};

using benchmark_run = benchmark::BenchmarkReporter::Run;

/// Registers a case as a benchmark that times itself. One iteration is one repetition.
void register_case(const benchmark_case& row, std::function<void(benchmark::State&)> body) {
  benchmark::RegisterBenchmark(row.name().c_str(), std::move(body))
      ->UseManualTime()
      ->Iterations(1)
      ->Unit(benchmark::kMillisecond);
}

void run_repetition(benchmark::State& state, const benchmark_case& row, const measure_case& measure) {
  // Google Benchmark expects an iteration of skipped repetitions too.
  for ([[maybe_unused]] const auto iteration : state) {
    const auto finished = measure(row);
    if (!finished) {
      // Keeps the repetition out of the aggregates.
      state.SkipWithError("not measured");
      return;
    }
    state.SetIterationTime(finished->real_time_ms.value_or(0) / 1e3);
    for (const auto& [column, value] : finished->columns) state.counters[column] = value;
  }
}

reported_row row_of(const benchmark_run& run, const benchmark_case& parameters) {
  const bool is_aggregate = run.run_type == benchmark_run::RT_Aggregate;
  const bool is_ratio = is_aggregate && run.aggregate_unit == benchmark::kPercentage;
  reported_row row{.parameters = parameters,
                   .run_name = run.run_name.str(),
                   .name = run.benchmark_name(),
                   .family_index = run.family_index,
                   .instance_index = run.per_family_instance_index,
                   .repetitions = run.repetitions,
                   .repetition_index = run.repetition_index,
                   .iterations = run.iterations,
                   .aggregate = run.aggregate_name,
                   .is_ratio = is_ratio,
                   .real_time_ms = is_ratio ? run.real_accumulated_time : run.GetAdjustedRealTime(),
                   .cpu_time_ms = is_ratio ? run.cpu_accumulated_time : run.GetAdjustedCPUTime()};
  for (const auto& [column, counter] : run.counters) row.columns[column] = counter.value;
  return row;
}

}  // namespace

void initialize_google_benchmark(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  argv.reserve(arguments.size());
  for (auto& argument : arguments) argv.push_back(argument.data());
  int argc = static_cast<int>(argv.size());
  benchmark::Initialize(&argc, argv.data());
  if (argc < 2) return;
  const std::string_view argument{argv[1]};
  const std::vector<std::string> names{google_benchmark_flags.begin(), google_benchmark_flags.end()};
  throw flag_error{fmt::format("unknown flag or invalid value: '{}'; --help lists all flags{}", argument,
                               did_you_mean(argument.substr(0, argument.find('=')), names))};
}

void print_google_benchmark_help() { benchmark::PrintDefaultHelp(); }

ordered_json machine_json() {
  const auto& info = benchmark::CPUInfo::Get();
  ordered_json machine{{"num_cpus", info.num_cpus},
                       {"mhz_per_cpu", std::lround(info.cycles_per_second / 1e6)}};
  if (info.scaling != benchmark::CPUInfo::UNKNOWN)
    machine["cpu_scaling_enabled"] = info.scaling == benchmark::CPUInfo::ENABLED;
  machine["caches"] = ordered_json::array();
  for (const auto& cache : info.caches) {
    machine["caches"].push_back({{"type", cache.type},
                                 {"level", cache.level},
                                 {"size", cache.size},
                                 {"num_sharing", cache.num_sharing}});
  }
  machine["load_avg"] = ordered_json::array();
  for (const double load : info.load_avg) machine["load_avg"].push_back(std::round(100 * load) / 100);
  return machine;
}

std::vector<selected_case> select_cases(const std::vector<benchmark_case>& cases) {
  std::map<std::string, std::string> run_names;
  run_collector listing{[&](const std::vector<benchmark_run>& runs) {
    for (const auto& run : runs) run_names.emplace(run.run_name.function_name, run.run_name.str());
  }};
  std::ostringstream errors;
  listing.SetErrorStream(&errors);
  for (const auto& row : cases) {
    register_case(row, [](benchmark::State& state) { state.SkipWithError("listed only"); });
  }
  benchmark::RunSpecifiedBenchmarks(&listing);
  benchmark::ClearRegisteredBenchmarks();
  if (run_names.empty()) {
    throw flag_error{
        fmt::format("--benchmark_filter={}: {}", benchmark::GetBenchmarkFilter(), one_line(errors.str()))};
  }
  std::vector<selected_case> selected;
  for (const auto& row : cases) {
    if (const auto found = run_names.find(row.name()); found != run_names.end())
      selected.push_back({row, found->second});
  }
  return selected;
}

void run_cases(const std::vector<benchmark_case>& cases, const measure_case& measure,
               const report_rows& report) {
  // Google Benchmark takes it for a mistake.
  if (cases.empty()) return;
  std::map<std::string, const benchmark_case*> by_name;
  for (const auto& row : cases) {
    by_name.emplace(row.name(), &row);
    register_case(row, [&](benchmark::State& state) { run_repetition(state, row, measure); });
  }
  run_collector collector{[&](const std::vector<benchmark_run>& runs) {
    std::vector<reported_row> rows;
    for (const auto& run : runs) {
      if (!is_skipped(run)) rows.push_back(row_of(run, *by_name.at(run.run_name.function_name)));
    }
    report(std::move(rows));
  }};
  benchmark::RunSpecifiedBenchmarks(&collector, ".");
  benchmark::ClearRegisteredBenchmarks();
}

}  // namespace farebench
