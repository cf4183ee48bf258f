#include "bench/track/measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "bench/columns.hpp"
#include "bench/judge.hpp"
#include "bench/output/rows.hpp"
#include "lib/system/child_process.hpp"

namespace farebench::track {
namespace {

constexpr std::size_t max_client_failures = 3;

/// One kind of runs of one case.
class repeated_runs {
 public:
  using run_function = std::function<run_result(side, const benchmark_case&)>;

  /// `attempts`: expected calls of attempt().
  repeated_runs(const benchmark_case& row, const run_function& run, std::size_t attempts)
      : row_{row}, run_{run}, max_late_runs_{attempts + max_client_failures} {}

  /// Runs the sides in that order until all runs have figures or too many have failed. Each repetition swaps
  /// the sides, so that failures of this build's server do not all count against one of them.
  void attempt(std::vector<side> order) {
    while (failure.reason.empty()) {
      std::vector<run_result> results;
      for (const auto side : order) {
        results.push_back(run_(side, row_));
        if (!results.back().failure.empty()) break;
      }
      if (results.back().failure.empty()) {
        keep(order, results);
        return;
      }
      count_failure(order[results.size() - 1], results.back());
      for (auto& of : order) of = of == side::base ? side::head : side::base;
    }
  }

  std::map<std::string, metric_samples> samples = {};
  /// See case_samples.
  std::map<std::string, std::set<side>> incomplete = {};
  case_failure failure = {};

 private:
  /// Keeps the metrics that all results have, so that samples of one index belong together.
  void keep(const std::vector<side>& order, const std::vector<run_result>& results) {
    for (const auto& of : metrics()) {
      const std::string name{of.name};
      std::set<side> sides;
      std::size_t found = 0;
      for (std::size_t i = 0; i < order.size(); ++i) {
        if (!results[i].figures.contains(name)) continue;
        sides.insert(order[i]);
        ++found;
      }
      if (found == 0) continue;
      if (found < order.size()) {
        incomplete[name].merge(sides);
        continue;
      }
      auto& both = samples[name];
      for (std::size_t i = 0; i < order.size(); ++i)
        (order[i] == side::base ? both.base : both.head).push_back(results[i].figures.at(name));
    }
  }

  void count_failure(side of, const run_result& result) {
    ++(!result.is_client_error ? late_ : of == side::base ? base_errors_ : head_errors_);
    const auto errors = base_errors_ + head_errors_;
    if (errors <= max_client_failures && late_ <= max_late_runs_) return;
    failure = {.reason = fmt::format("{} of its runs failed; the last, of {}: {}", errors + late_,
                                     of == side::base ? "base" : "head", result.failure),
               .sides = head_errors_ > 0 && base_errors_ == 0                     ? failed_sides::head
                        : base_errors_ > max_client_failures && head_errors_ == 0 ? failed_sides::base
                                                                                  : failed_sides::both};
  }

  const benchmark_case& row_;
  const run_function& run_;
  std::size_t max_late_runs_;
  std::size_t late_ = 0;
  std::size_t base_errors_ = 0;
  std::size_t head_errors_ = 0;
};

struct measured_case {
  repeated_runs timed;
  repeated_runs counted;
};

}  // namespace

std::map<std::string, case_samples> run_in_pairs(const std::vector<benchmark_case>& cases,
                                                 const measuring_plan& plan, const runner& run,
                                                 std::mt19937_64& random) {
  std::vector<measured_case> measured;
  measured.reserve(cases.size());
  for (const auto& row : cases)
    measured.push_back(
        {.timed = {row, run.timed, (plan.pairs + 1) / 2}, .counted = {row, run.counted, plan.counts}});
  std::vector<std::size_t> order(cases.size());
  std::iota(order.begin(), order.end(), 0);

  for (std::size_t i = 0; i < plan.counts; ++i)
    for (auto& of_case : measured) of_case.counted.attempt({side::base, side::head});
  std::bernoulli_distribution is_head_first;
  for (std::size_t pairs = 0; pairs < plan.pairs; pairs += 2) {
    std::ranges::shuffle(order, random);
    for (const auto index : order) {
      if (is_head_first(random))
        measured[index].timed.attempt({side::head, side::base, side::base, side::head});
      else
        measured[index].timed.attempt({side::base, side::head, side::head, side::base});
    }
  }

  std::map<std::string, case_samples> all;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    auto& [timed, counted] = measured[i];
    timed.incomplete.merge(counted.incomplete);
    all[cases[i].name()] = {.timed = std::move(timed.samples),
                            .counted = std::move(counted.samples),
                            .incomplete = std::move(timed.incomplete),
                            .timed_failure = std::move(timed.failure),
                            .counted_failure = std::move(counted.failure)};
  }
  return all;
}

harness harness::find() {
  return {.mock_server = sibling_path("mock_server"), .heap_count = sibling_path("libheap_count.so")};
}

namespace {

/// Client of a side.
struct side_client {
  probe_programs probes = {};
  /// Null if a probe runs the case.
  client_program_ptr program = nullptr;
};

runner make_runner(const harness& parts, const side_client& base, const side_client& head) {
  const auto client_of = [base, head](side of) { return of == side::base ? base : head; };
  const auto programs_of = [parts, client_of](side of) {
    return programs{.mock_server = parts.mock_server,
                    .fetch_probe = client_of(of).probes.fetch_probe,
                    .fetch_probe_native = client_of(of).probes.fetch_probe_native,
                    .heap_count = parts.heap_count};
  };
  const auto case_of = [client_of](side of, benchmark_case row) {
    row.program = client_of(of).program;
    return row;
  };
  // By task, items and page size.
  using cache = std::map<std::tuple<task_kind, std::size_t, std::size_t>, expected_results>;
  const auto results = std::make_shared<cache>();
  const auto timed = [=](side of, const benchmark_case& of_both) -> run_result {
    try {
      const auto row = case_of(of, of_both);
      const auto measured = measure(programs_of(of), row, parts.sample_every);
      const auto [expected, is_new] = results->try_emplace({row.task, row.items, row.page_kb});
      if (is_new) expected->second = results_of_site(row);
      const auto errors = judge(row, measured, expected->second, strictness::correctness_only);
      const auto result = errors.failed() ? errors : judge(row, measured, expected->second, strictness::full);
      return {.figures = timed_figures(row, measured),
              .failure = result.failure,
              .is_client_error = errors.failed(),
              .version = measured.report.version};
    } catch (const std::exception& error) {
      return {.failure = one_line(error.what()), .is_client_error = true};
    }
  };
  const auto counted = [=](side of, const benchmark_case& row) -> run_result {
    try {
      return {.figures = counted_figures(farebench::count(programs_of(of), case_of(of, row)))};
    } catch (const std::exception& error) {
      return {.failure = one_line(error.what()), .is_client_error = true};
    }
  };
  return {.timed = timed, .counted = counted};
}

}  // namespace

runner make_probe_runner(const harness& parts, const probe_programs& base, const probe_programs& head) {
  return make_runner(parts, {.probes = base}, {.probes = head});
}

runner make_client_runner(const harness& parts, const client_program_ptr& base,
                          const client_program_ptr& head) {
  return make_runner(parts, {.program = base}, {.program = head});
}

std::map<std::string, double> timed_figures(const benchmark_case& row, const measurement& measured) {
  auto all = column_values(row, measured, std::nullopt);
  all["real_time"] = measured.wall_ms();
  std::erase_if(all, [](const auto& entry) {
    const auto* const known = find_metric(entry.first);
    return !known || known->is_exact();
  });
  return all;
}

std::map<std::string, double> counted_figures(const counted_run& counted) {
  std::map<std::string, double> figures;
  if (counted.heap_peak_bytes) figures["heap_peak_bytes"] = static_cast<double>(*counted.heap_peak_bytes);
  if (counted.allocations && counted.requests > 0)
    figures["allocations_per_request"] =
        static_cast<double>(*counted.allocations) / static_cast<double>(counted.requests);
  return figures;
}

namespace {

double confirming_confidence(const comparison_plan& plan, std::size_t flagged) {
  return 1 - plan.family_error / static_cast<double>(std::max<std::size_t>(flagged, 1));
}

const case_failure& failure_of(const case_samples& samples, const metric& of) {
  return of.is_exact() ? samples.counted_failure : samples.timed_failure;
}

/// Adds `shift` of each noisy metric of each series.
void add_shifts(noise& known, const std::map<std::string, case_samples>& measured,
                std::optional<double> (*shift)(const metric_samples&)) {
  for (const auto& [series, samples] : measured)
    for (const auto& [name, both] : samples.timed)
      if (const auto value = shift(both)) known.add(series, name, *value);
}

std::vector<finding> judge_all(const std::map<std::string, case_samples>& measured, const noise& known,
                               double confidence) {
  std::vector<finding> all;
  for (const auto& [series, samples] : measured) {
    const case_failure* reported = nullptr;
    for (const auto& of : metrics()) {
      // The first metric of a kind of runs reports its failure.
      if (const auto& failure = failure_of(samples, of); !failure.reason.empty()) {
        if (std::exchange(reported, &failure) != &failure)
          all.push_back(judge_failure(series, of, failure.sides, failure.reason));
        continue;
      }
      const auto& figures = of.is_exact() ? samples.counted : samples.timed;
      const auto found = figures.find(std::string{of.name});
      if (found == figures.end()) {
        if (const auto partly = samples.incomplete.find(std::string{of.name});
            partly != samples.incomplete.end())
          all.push_back(judge_missing(series, of, partly->second.contains(side::base),
                                      partly->second.contains(side::head)));
        continue;
      }
      all.push_back(of.is_exact()
                        ? judge_exact(series, of, found->second)
                        : judge_noisy(series, of, found->second, known.floor(series, of), confidence));
    }
  }
  return all;
}

std::string change_text(const finding& of) {
  if (!of.change) return of.reason;
  if (!of.low || !of.high) return fmt::format("{:+.1f} %", 100 * *of.change);
  return fmt::format("{:+.1f} % [{:+.1f}, {:+.1f}]", 100 * *of.change, 100 * *of.low, 100 * *of.high);
}

/// Combines a flagged finding with that of fresh runs.
finding confirmed(const finding& flagged, finding fresh) {
  if (fresh.verdict == flagged.verdict) {
    fresh.reason += ", confirmed on fresh runs";
    return fresh;
  }
  fresh.verdict = verdict::cannot_tell;
  fresh.reason =
      fmt::format("{} at first, not confirmed on fresh runs: {}", change_text(flagged), change_text(fresh));
  return fresh;
}

}  // namespace

std::size_t confirming_pairs(const comparison_plan& plan, std::size_t flagged) {
  return std::max(plan.pairs, min_values(confirming_confidence(plan, flagged), 1));
}

std::vector<finding> compare_in_two_stages(const std::vector<benchmark_case>& cases,
                                           const comparison_plan& plan, const runner& run, noise& known,
                                           bool is_of_one_program, std::mt19937_64& random) {
  const auto run_stage = [&](std::string_view name, const std::vector<benchmark_case>& of,
                             const measuring_plan& measuring) {
    if (run.on_stage) run.on_stage(name, of.size() * measuring.runs_per_case());
    return run_in_pairs(of, measuring, run, random);
  };
  const auto screened = run_stage("screening", cases, {.pairs = plan.pairs, .counts = plan.counts});
  add_shifts(known, screened, inner_shift);
  auto findings = judge_all(screened, known, plan.screening_confidence);
  // Later, its own shift would be part of the floor.
  const auto floors = known;
  if (is_of_one_program) add_shifts(known, screened, shift_of);

  // Failed runs have been repeated already.
  const auto needs_confirmation = [&](const finding& found) {
    return is_flagged(found) &&
           failure_of(screened.at(found.series), *find_metric(found.metric)).reason.empty();
  };
  const auto flagged = static_cast<std::size_t>(std::ranges::count_if(findings, needs_confirmation));
  if (flagged == 0) return findings;
  std::set<std::string> flagged_series;
  bool is_timed = false;
  for (const auto& found : findings) {
    if (!needs_confirmation(found)) continue;
    flagged_series.insert(found.series);
    is_timed = is_timed || !find_metric(found.metric)->is_exact();
  }
  std::vector<benchmark_case> again;
  std::ranges::copy_if(cases, std::back_inserter(again),
                       [&](const benchmark_case& row) { return flagged_series.contains(row.name()); });
  const auto fresh = run_stage(
      "confirming", again, {.pairs = is_timed ? confirming_pairs(plan, flagged) : 0, .counts = plan.counts});
  const auto second = judge_all(fresh, floors, confirming_confidence(plan, flagged));
  for (auto& found : findings) {
    if (!needs_confirmation(found)) continue;
    const auto same = std::ranges::find_if(second, [&](const finding& other) {
      return other.series == found.series && other.metric == found.metric;
    });
    if (same != second.end()) {
      found = confirmed(found, *same);
    } else {
      found.verdict = verdict::cannot_tell;
      found.reason = "flagged, but could not be measured again: " +
                     failure_of(fresh.at(found.series), *find_metric(found.metric)).reason;
    }
  }
  return findings;
}

}  // namespace farebench::track
