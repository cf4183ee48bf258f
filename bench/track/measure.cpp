#include "bench/track/measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "bench/columns.hpp"
#include "bench/judge.hpp"
#include "bench/measurement.hpp"
#include "bench/output/row_reporter.hpp"
#include "bench/track/judge.hpp"
#include "lib/system/child_process.hpp"

namespace farebench::track {
namespace {

constexpr std::size_t tolerated_failures = 3;

std::string_view name_of(side of) { return of == side::base ? "base" : "head"; }
side other(side of) { return of == side::base ? side::head : side::base; }

/// One kind of runs of a case, on its way through the rounds.
class repeated_runs {
 public:
  using run = std::function<run_result(side, const benchmark_case&)>;

  /// `attempts`: how many there will be, each of several runs.
  repeated_runs(const benchmark_case& row, const run& make, std::size_t attempts)
      : row_{row}, make_{make}, tolerated_late_{attempts + tolerated_failures} {}

  /// Until all of them have figures, or too many had none.
  void attempt(const std::vector<side>& order) {
    while (!failure.is_there()) {
      std::vector<run_result> results;
      for (const side of : order) {
        results.push_back(make_(of, row_));
        if (!results.back().failure.empty()) break;
      }
      if (results.back().failure.empty()) {
        keep(order, results);
        return;
      }
      note(order[results.size() - 1], results.back());
    }
  }

  std::map<std::string, metric_samples> samples = {};
  case_failure failure = {};

 private:
  /// Only what all of them have, so that what stands side by side was measured side by side.
  void keep(const std::vector<side>& order, const std::vector<run_result>& results) {
    for (const auto& [name, unused] : results.front().figures) {
      if (!std::ranges::all_of(results, [&](const run_result& one) { return one.figures.contains(name); }))
        continue;
      auto& both = samples[name];
      for (std::size_t i = 0; i < order.size(); ++i)
        (order[i] == side::base ? both.base : both.head).push_back(results[i].figures.at(name));
    }
  }

  void note(side of, const run_result& result) {
    ++(result.is_wrong ? wrong_[of == side::base ? 0 : 1] : late_);
    const auto wrong = wrong_[0] + wrong_[1];
    if (wrong <= tolerated_failures && late_ <= tolerated_late_) return;
    failure = {.why = fmt::format("{} of its runs failed, at last of {}: {}", wrong + late_, name_of(of),
                                  result.failure),
               .is_of_head = wrong_[1] > 0 && wrong_[0] == 0};
  }

  const benchmark_case& row_;
  const run& make_;
  std::size_t tolerated_late_;
  std::size_t late_ = 0;
  std::array<std::size_t, 2> wrong_{};
};

struct measured_case {
  repeated_runs timed;
  repeated_runs counted;
};

}  // namespace

std::map<std::string, case_samples> run_in_pairs(const std::vector<benchmark_case>& cases,
                                                 const measuring_plan& plan, const runner& with,
                                                 std::mt19937_64& random) {
  std::vector<measured_case> measured;
  measured.reserve(cases.size());
  for (const auto& row : cases)
    measured.push_back(
        {.timed = {row, with.timed, (plan.pairs + 1) / 2}, .counted = {row, with.counted, plan.counts}});
  std::vector<measured_case*> order;
  order.reserve(measured.size());
  for (auto& one : measured) order.push_back(&one);

  for (std::size_t i = 0; i < plan.counts; ++i)
    for (auto* const one : order) one->counted.attempt({side::base, side::head});
  std::bernoulli_distribution head_first;
  for (std::size_t pairs = 0; pairs < plan.pairs; pairs += 2) {
    std::ranges::shuffle(order, random);
    for (auto* const one : order) {
      const side first = head_first(random) ? side::head : side::base;
      one->timed.attempt({first, other(first), other(first), first});
    }
  }

  std::map<std::string, case_samples> all;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    auto& [timed, counted] = measured[i];
    all[cases[i].name()] = {.timed = std::move(timed.samples),
                            .counted = std::move(counted.samples),
                            .timed_failure = std::move(timed.failure),
                            .counted_failure = std::move(counted.failure)};
  }
  return all;
}

namespace {

class probe_pair {
 public:
  probe_pair(const harness& with, const std::filesystem::path& base, const std::filesystem::path& head)
      : base_{.mock_server = with.mock_server, .fetch_probe = base, .heap_count = with.heap_count},
        head_{.mock_server = with.mock_server, .fetch_probe = head, .heap_count = with.heap_count},
        sample_every_{with.sample_every} {}

  run_result time(side of, const benchmark_case& row) {
    try {
      const auto seen = measure(of == side::base ? base_ : head_, row, sample_every_);
      const auto wrong = judge(row, seen, fares_of(row), strictness::correctness_only);
      const auto judged = wrong.failed() ? wrong : judge(row, seen, fares_of(row), strictness::full);
      return {.figures = timed_figures(row, seen), .failure = judged.failure, .is_wrong = wrong.failed()};
    } catch (const std::exception& fault) {
      return {.figures = {}, .failure = one_line(fault.what()), .is_wrong = true};
    }
  }

  run_result count(side of, const benchmark_case& row) const {
    try {
      return {.figures = counted_figures(farebench::count(of == side::base ? base_ : head_, row))};
    } catch (const std::exception& fault) {
      return {.figures = {}, .failure = one_line(fault.what()), .is_wrong = true};
    }
  }

 private:
  const expected_fares& fares_of(const benchmark_case& row) {
    const auto key = std::pair{row.days, row.page_kb};
    const auto found = fares_.find(key);
    return found != fares_.end() ? found->second : fares_.emplace(key, fares_of_site(row)).first->second;
  }

  programs base_;
  programs head_;
  std::chrono::nanoseconds sample_every_;
  std::map<std::pair<std::size_t, std::size_t>, expected_fares> fares_;  // by days and page size
};

}  // namespace

harness harness::beside_this_program() {
  return {.mock_server = sibling_path("mock_server"), .heap_count = sibling_path("libheap_count.so")};
}

runner run_probes(const harness& with, const std::filesystem::path& base, const std::filesystem::path& head) {
  const auto both = std::make_shared<probe_pair>(with, base, head);
  return {.timed = [both](side of, const benchmark_case& row) { return both->time(of, row); },
          .counted = [both](side of, const benchmark_case& row) { return both->count(of, row); }};
}

std::map<std::string, double> timed_figures(const benchmark_case& row, const measurement& seen) {
  auto all = column_values(row, seen, std::nullopt);
  all["real_time"] = seen.report.wall_ms;
  std::map<std::string, double> figures;
  for (const auto& one : metrics()) {
    // No ratio can be made of nothing: growth of no page at all, say.
    if (const auto found = all.find(std::string{one.name});
        !one.is_exact() && found != all.end() && found->second > 0)
      figures.insert(*found);
  }
  return figures;
}

std::map<std::string, double> counted_figures(const counted_run& seen) {
  std::map<std::string, double> figures;
  if (seen.heap_peak_bytes) figures["heap_peak_bytes"] = static_cast<double>(*seen.heap_peak_bytes);
  if (seen.allocations && seen.requests > 0)
    figures["allocations_per_request"] =
        static_cast<double>(*seen.allocations) / static_cast<double>(seen.requests);
  return figures;
}

namespace {

double confirming_confidence(const comparison_plan& plan, std::size_t flagged) {
  return 1 - plan.family_error / static_cast<double>(std::max<std::size_t>(flagged, 1));
}

const metric_samples* samples_of(const case_samples& of, const metric& one) {
  const auto& all = one.is_exact() ? of.counted : of.timed;
  const auto found = all.find(std::string{one.name});
  return found == all.end() ? nullptr : &found->second;
}

/// The first metric of a kind of runs that failed stands for all of that kind: worse, when the head alone is
/// at fault.
finding finding_of_failure(const std::string& series, const metric& of, const case_failure& failure) {
  return {.series = series,
          .metric = of.name,
          .what = failure.is_of_head ? verdict::regression : verdict::cannot_tell,
          .why = failure.why};
}

const case_failure& failure_of(const case_samples& of, const metric& one) {
  return one.is_exact() ? of.counted_failure : of.timed_failure;
}

/// Adds what `shift` makes of each metric of each series.
void learn(noise& known, const std::map<std::string, case_samples>& seen,
           std::optional<double> (*shift)(const metric_samples&)) {
  for (const auto& [series, samples] : seen) {
    for (const auto& [name, both] : samples.timed)
      if (const auto found = shift(both)) known.add(series, name, *found);
  }
}

std::vector<finding> judge_all(const std::map<std::string, case_samples>& seen, const noise& known,
                               double confidence) {
  std::vector<finding> all;
  for (const auto& [series, samples] : seen) {
    const case_failure* told = nullptr;
    for (const auto& of : metrics()) {
      if (const auto& failure = failure_of(samples, of); failure.is_there()) {
        if (std::exchange(told, &failure) != &failure) all.push_back(finding_of_failure(series, of, failure));
        continue;
      }
      const auto* const both = samples_of(samples, of);
      if (!both) continue;
      all.push_back(of.is_exact() ? judge_exact(series, of, *both)
                                  : judge_noisy(series, of, *both, known.floor(series, of), confidence));
    }
  }
  return all;
}

std::string change_text(const finding& of) {
  if (!of.change) return of.why;
  if (!of.low || !of.high) return fmt::format("{:+.1f} %", 100 * *of.change);
  return fmt::format("{:+.1f} % [{:+.1f}, {:+.1f}]", 100 * *of.change, 100 * *of.low, 100 * *of.high);
}

/// What counts of a finding that was flagged, and of the same on fresh runs.
finding confirmed(const finding& first, finding fresh) {
  if (fresh.what == first.what) {
    fresh.why += ", confirmed on fresh runs";
    return fresh;
  }
  fresh.what = verdict::cannot_tell;
  fresh.why =
      fmt::format("{} at first, not confirmed on fresh runs: {}", change_text(first), change_text(fresh));
  return fresh;
}

}  // namespace

std::size_t confirming_pairs(const comparison_plan& plan, std::size_t flagged) {
  return std::max(plan.pairs, fewest_for(confirming_confidence(plan, flagged), 1));
}

std::vector<finding> compare_in_two_stages(const std::vector<benchmark_case>& cases,
                                           const comparison_plan& plan, const runner& with, noise& known,
                                           bool is_of_one_program, std::mt19937_64& random) {
  const auto screened = run_in_pairs(cases, {.pairs = plan.pairs, .counts = plan.counts}, with, random);
  learn(known, screened, inner_shift);
  auto findings = judge_all(screened, known, plan.screening_confidence);
  // Not before: nothing is beyond a floor that it is part of.
  const auto floors = known;
  if (is_of_one_program) learn(known, screened, shift_of);

  // What failed was run again and again already.
  const auto is_to_confirm = [&](const finding& one) {
    return is_flagged(one) && !failure_of(screened.at(one.series), *find_metric(one.metric)).is_there();
  };
  const auto flagged = static_cast<std::size_t>(std::ranges::count_if(findings, is_to_confirm));
  if (flagged == 0) return findings;
  std::set<std::string> suspects;
  bool is_timed = false;
  for (const auto& one : findings) {
    if (!is_to_confirm(one)) continue;
    suspects.insert(one.series);
    is_timed = is_timed || !find_metric(one.metric)->is_exact();
  }
  std::vector<benchmark_case> again;
  std::ranges::copy_if(cases, std::back_inserter(again),
                       [&](const benchmark_case& row) { return suspects.contains(row.name()); });
  const auto fresh = run_in_pairs(
      again, {.pairs = is_timed ? confirming_pairs(plan, flagged) : 0, .counts = plan.counts}, with, random);
  const auto second = judge_all(fresh, floors, confirming_confidence(plan, flagged));
  for (auto& one : findings) {
    if (!is_to_confirm(one)) continue;
    const auto same = std::ranges::find_if(second, [&](const finding& other) {
      return other.series == one.series && other.metric == one.metric;
    });
    if (same != second.end()) {
      one = confirmed(one, *same);
    } else {
      one.what = verdict::cannot_tell;
      one.why = "flagged, but could not be measured again: " +
                failure_of(fresh.at(one.series), *find_metric(one.metric)).why;
    }
  }
  return findings;
}

}  // namespace farebench::track
