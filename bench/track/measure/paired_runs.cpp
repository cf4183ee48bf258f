#include "bench/track/measure/paired_runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

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

}  // namespace farebench::track
