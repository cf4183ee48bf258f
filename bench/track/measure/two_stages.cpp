#include "bench/track/measure/two_stages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

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

/// A case that could not be measured: worse, when the head alone is at fault.
finding finding_of_failure(const std::string& series, const case_samples& of) {
  return {.series = series,
          .metric = metrics().front().name,
          .what = of.is_failure_of_head ? verdict::regression : verdict::cannot_tell,
          .why = of.failure};
}

void learn(noise& known, const std::map<std::string, case_samples>& seen, bool is_of_one_program) {
  for (const auto& [series, samples] : seen) {
    for (const auto& [name, both] : samples.timed) {
      if (const auto shift = inner_shift(both)) known.add(series, name, *shift);
      if (!is_of_one_program) continue;
      if (const auto shift = shift_of(both)) known.add(series, name, *shift);
    }
  }
}

std::vector<finding> judge_all(const std::map<std::string, case_samples>& seen, const noise& known,
                               double confidence) {
  std::vector<finding> all;
  for (const auto& [series, samples] : seen) {
    if (!samples.failure.empty()) {
      all.push_back(finding_of_failure(series, samples));
      continue;
    }
    for (const auto& of : metrics()) {
      const auto* const both = samples_of(samples, of);
      if (!both) continue;
      all.push_back(of.is_exact() ? judge_exact(series, of, *both)
                                  : judge_noisy(series, of, *both, known.floor(series, of), confidence));
    }
  }
  return all;
}

std::string signed_percent(const std::optional<double>& change) {
  return change ? fmt::format("{:+.1f} %", 100 * *change) : std::string{"something"};
}

/// What counts of a finding that was flagged, and of the same on fresh runs.
finding confirmed(const finding& first, finding fresh) {
  if (fresh.what == first.what) {
    fresh.why += ", confirmed on fresh runs";
    return fresh;
  }
  const bool is_opposite = is_flagged(fresh);
  fresh.what = verdict::cannot_tell;
  fresh.why = fmt::format("{} at first, {} on fresh runs: not confirmed", signed_percent(first.change),
                          is_opposite ? "the opposite" : signed_percent(fresh.change));
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
  learn(known, screened, is_of_one_program);
  auto findings = judge_all(screened, known, plan.screening_confidence);

  // A case that failed was run again and again already.
  const auto is_to_confirm = [&](const finding& one) {
    return is_flagged(one) && screened.at(one.series).failure.empty();
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
  const auto second = judge_all(fresh, known, confirming_confidence(plan, flagged));
  for (auto& one : findings) {
    if (!is_to_confirm(one)) continue;
    const auto same = std::ranges::find_if(second, [&](const finding& other) {
      return other.series == one.series && other.metric == one.metric;
    });
    if (same != second.end()) {
      one = confirmed(one, *same);
    } else {
      one.what = verdict::cannot_tell;
      one.why = "flagged, and not to be measured again: " + fresh.at(one.series).failure;
    }
  }
  return findings;
}

}  // namespace farebench::track
