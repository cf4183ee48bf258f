#include "bench/track/measure/two_stages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "bench/track/judge/order_interval.hpp"

namespace farebench::track {
namespace {

double confirming_confidence(const comparing_plan& plan, std::size_t flagged) {
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

std::size_t confirming_pairs(const comparing_plan& plan, std::size_t flagged) {
  return std::max(plan.pairs, fewest_for(confirming_confidence(plan, flagged), 1));
}

std::vector<finding> compare_in_two_stages(const std::vector<benchmark_case>& cases,
                                           const comparing_plan& plan, const runner& with, noise& known,
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
