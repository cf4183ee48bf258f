#include "bench/track/measure/paired_runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace farebench::track {
namespace {

constexpr int tolerated_failures = 3;

std::string_view name_of(side of) { return of == side::base ? "base" : "head"; }
side other(side of) { return of == side::base ? side::head : side::base; }

/// A case on its way through the rounds.
class measured_case {
 public:
  measured_case(const benchmark_case& row, const runner& with) : row_{row}, with_{with} {}

  bool has_failed() const { return !samples.failure.empty(); }

  /// One run of each side, counted.
  void count() { attempt(with_.counted, {side::base, side::head}, samples.counted); }

  /// A B B A, for `first` as A.
  void four(side first) { attempt(with_.timed, {first, other(first), other(first), first}, samples.timed); }

  case_samples samples;

 private:
  using run = std::function<run_result(side, const benchmark_case&)>;

  /// Until all of them have figures, or too many had none.
  void attempt(const run& make, const std::vector<side>& order, std::map<std::string, metric_samples>& into) {
    while (!has_failed()) {
      std::vector<run_result> results;
      for (const side of : order) {
        results.push_back(make(of, row_));
        if (!results.back().failure.empty()) break;
      }
      if (results.back().failure.empty()) {
        keep(order, results, into);
        return;
      }
      note(order[results.size() - 1], results.back());
    }
  }

  /// Only what all of them have, so that what stands side by side was measured side by side.
  static void keep(const std::vector<side>& order, const std::vector<run_result>& results,
                   std::map<std::string, metric_samples>& into) {
    for (const auto& [name, unused] : results.front().figures) {
      if (!std::ranges::all_of(results, [&](const run_result& one) { return one.figures.contains(name); }))
        continue;
      auto& both = into[name];
      for (std::size_t i = 0; i < order.size(); ++i)
        (order[i] == side::base ? both.base : both.head).push_back(results[i].figures.at(name));
    }
  }

  void note(side of, const run_result& result) {
    ++failures_;
    if (result.is_wrong) ++wrong_[of == side::base ? 0 : 1];
    if (failures_ <= tolerated_failures) return;
    samples.failure = fmt::format("{} failed {} times, at last: {}", name_of(of), failures_, result.failure);
    samples.is_failure_of_head = wrong_[1] > 0 && wrong_[0] == 0;
  }

  const benchmark_case& row_;
  const runner& with_;
  int failures_ = 0;
  std::array<int, 2> wrong_{};
};

}  // namespace

std::map<std::string, case_samples> run_in_pairs(const std::vector<benchmark_case>& cases,
                                                 const measuring_plan& plan, const runner& with,
                                                 std::mt19937_64& random) {
  std::vector<measured_case> measured;
  measured.reserve(cases.size());
  for (const auto& row : cases) measured.emplace_back(row, with);
  std::vector<measured_case*> order;
  for (auto& one : measured) order.push_back(&one);

  for (std::size_t i = 0; i < plan.counts; ++i)
    for (auto* const one : order) one->count();
  std::bernoulli_distribution head_first;
  for (std::size_t pairs = 0; pairs < plan.pairs; pairs += 2) {
    std::ranges::shuffle(order, random);
    for (auto* const one : order) one->four(head_first(random) ? side::head : side::base);
  }

  std::map<std::string, case_samples> all;
  for (std::size_t i = 0; i < cases.size(); ++i) all[cases[i].name()] = std::move(measured[i].samples);
  return all;
}

}  // namespace farebench::track
