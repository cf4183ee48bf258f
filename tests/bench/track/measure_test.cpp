#include "bench/track/measure.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

namespace farebench::track {
namespace {

using testing::HasSubstr;

benchmark_case case_of(const std::string& strategy) {
  return {
      .strategy = strategy, .workers = 4, .latency = std::chrono::milliseconds{1}, .page_kb = 3, .items = 6};
}

/// A simulated machine whose figures are multiplied by random noise.
class simulated_machine {
 public:
  /// Time of the head over that of the base.
  double slower = 1;
  /// Of the head, per request.
  double more_allocations = 0;
  /// Standard deviation of the logarithm of a noisy figure.
  double noise = 0.03;
  /// Number of the head's first runs that are slower. −1: all.
  int slower_only_for_runs = -1;
  std::string head_failure = {};
  bool is_head_wrong = true;
  /// Sides of the timed runs.
  std::vector<side> order = {};
  int timed_runs = 0;
  int counted_runs = 0;

  explicit simulated_machine(unsigned seed) : random_{seed} {}

  runner make_runner() {
    return {.timed = [this](side of, const benchmark_case&) { return timed(of); },
            .counted = [this](side of, const benchmark_case&) { return counted(of); }};
  }

  std::mt19937_64& random() { return random_; }

 private:
  run_result timed(side of) {
    ++timed_runs;
    order.push_back(of);
    if (of == side::head && !head_failure.empty())
      return {.failure = head_failure, .is_client_error = is_head_wrong};
    const bool is_slow =
        of == side::head && (slower_only_for_runs < 0 || head_runs_++ < slower_only_for_runs);
    const double wall = 50 * (is_slow ? slower : 1) * std::exp(error_(random_) * noise);
    return {.figures = {{"real_time", wall},
                        {"cpu_us_per_request", 60 * std::exp(error_(random_) * noise)},
                        {"rss_growth_bytes", 900'000 * std::exp(error_(random_) * noise)}}};
  }

  run_result counted(side of) {
    ++counted_runs;
    return {.figures = {{"heap_peak_bytes", 400'000},
                        {"allocations_per_request", 50 + (of == side::head ? more_allocations : 0)}}};
  }

  std::mt19937_64 random_;
  std::normal_distribution<double> error_;
  int head_runs_ = 0;
};

std::vector<finding> compare(simulated_machine& machine,
                             const std::vector<benchmark_case>& cases = {case_of("coroutines")},
                             bool is_of_one_program = false) {
  noise known;
  return compare_in_two_stages(cases, {}, machine.make_runner(), known, is_of_one_program, machine.random());
}

const finding& metric_of(const std::vector<finding>& all, std::string_view name) {
  return *std::ranges::find(all, name, &finding::metric);
}

TEST(run_in_pairs, either_side_is_first_in_some_fours) {
  simulated_machine machine{1};
  const auto seen =
      run_in_pairs({case_of("fibers")}, {.pairs = 40, .counts = 2}, machine.make_runner(), machine.random());
  EXPECT_EQ(machine.counted_runs, 4);
  ASSERT_EQ(machine.order.size(), 80u);
  int base_first = 0;
  for (std::size_t i = 0; i < machine.order.size(); i += 4) {
    EXPECT_EQ(machine.order[i], machine.order[i + 3]);
    EXPECT_EQ(machine.order[i + 1], machine.order[i + 2]);
    EXPECT_NE(machine.order[i], machine.order[i + 1]);
    if (machine.order[i] == side::base) ++base_first;
  }
  EXPECT_GT(base_first, 0);
  EXPECT_LT(base_first, 20);
  const auto& samples = seen.begin()->second;
  EXPECT_EQ(samples.timed.at("real_time").base.size(), 40u);
  EXPECT_EQ(samples.timed.at("real_time").head.size(), 40u);
  EXPECT_EQ(samples.counted.at("heap_peak_bytes").head.size(), 2u);
}

TEST(run_in_pairs, order_of_cases_differs_between_rounds) {
  std::vector<std::string> order;
  const auto run = [&](side, const benchmark_case& row) {
    if (order.empty() || order.back() != row.strategy) order.push_back(row.strategy);
    return run_result{.figures = {{"real_time", 1.0}}};
  };
  std::mt19937_64 random{7};
  run_in_pairs({case_of("a"), case_of("b"), case_of("c")}, {.pairs = 20, .counts = 0},
               {.timed = run, .counted = run}, random);
  const std::vector<std::string> first(order.begin(), order.begin() + 3);
  bool differs = false;
  for (std::size_t i = 3; i + 3 <= order.size(); i += 3)
    differs = differs || std::vector<std::string>(order.begin() + static_cast<long>(i),
                                                  order.begin() + static_cast<long>(i) + 3) != first;
  EXPECT_TRUE(differs);
}

TEST(run_in_pairs, four_with_a_failed_run_is_repeated) {
  int runs = 0;
  const auto run = [&](side, const benchmark_case&) {
    ++runs;
    if (runs == 3) return run_result{.failure = "the server was late"};
    return run_result{.figures = {{"real_time", static_cast<double>(runs)}}};
  };
  std::mt19937_64 random{7};
  const auto seen =
      run_in_pairs({case_of("a")}, {.pairs = 2, .counts = 0}, {.timed = run, .counted = run}, random);
  const auto& time = seen.begin()->second.timed.at("real_time");
  EXPECT_EQ(time.base.size(), 2u);
  EXPECT_THAT(time.base, testing::Each(testing::Gt(3)));
  EXPECT_THAT(time.head, testing::Each(testing::Gt(3)));
}

TEST(two_stages, slower_client_is_a_confirmed_regression) {
  int caught = 0;
  for (unsigned seed = 1; seed <= 100; ++seed) {
    simulated_machine machine{seed};
    machine.slower = 1.15;
    const auto found = compare(machine);
    const auto& time = metric_of(found, "real_time");
    if (time.verdict != verdict::regression) continue;
    ++caught;
    EXPECT_THAT(time.reason, HasSubstr("confirmed on fresh runs"));
    EXPECT_GE(time.confidence, 0.99);
  }
  EXPECT_GE(caught, 95);
}

TEST(two_stages, one_more_allocation_is_a_confirmed_regression) {
  simulated_machine machine{1};
  machine.more_allocations = 1;
  const auto found = compare(machine);
  EXPECT_EQ(metric_of(found, "allocations_per_request").verdict, verdict::regression);
  EXPECT_EQ(metric_of(found, "heap_peak_bytes").verdict, verdict::same);
  EXPECT_EQ(machine.counted_runs, 2 * 2 * 3) << "screening and confirming";
  EXPECT_EQ(machine.timed_runs, 24) << "exact metrics are confirmed without timed runs";
}

TEST(two_stages, unchanged_client_alarms_at_most_once_in_60) {
  int alarms = 0;
  constexpr unsigned comparisons = 600;
  for (unsigned seed = 1; seed <= comparisons; ++seed) {
    simulated_machine machine{seed};
    machine.noise = 0.1;
    const auto found = compare(machine, {case_of("a"), case_of("b"), case_of("c")}, true);
    if (std::ranges::any_of(found, is_flagged)) ++alarms;
  }
  EXPECT_LE(alarms, comparisons / 60);
}

TEST(two_stages, program_with_itself_is_judged_like_any_other) {
  simulated_machine machine{1};
  machine.slower = 1.5;
  EXPECT_EQ(metric_of(compare(machine, {case_of("a")}, true), "real_time").verdict, verdict::regression);
}

TEST(two_stages, unconfirmed_change_cannot_be_told) {
  simulated_machine machine{3};
  machine.slower = 1.5;
  machine.slower_only_for_runs = 12;
  const auto found = compare(machine);
  EXPECT_EQ(metric_of(found, "real_time").verdict, verdict::cannot_tell);
  EXPECT_THAT(metric_of(found, "real_time").reason, HasSubstr("not confirmed"));
}

TEST(two_stages, only_flagged_cases_are_measured_again) {
  std::map<std::string, int> runs;
  const auto timed = [&](side of, const benchmark_case& row) {
    ++runs[row.strategy];
    const bool is_slow = row.strategy == "slow" && of == side::head;
    return run_result{.figures = {{"real_time", is_slow ? 80.0 : 50.0}}};
  };
  const auto counted = [](side, const benchmark_case&) {
    return run_result{.figures = {{"heap_peak_bytes", 1.0}}};
  };
  noise known;
  std::mt19937_64 random{1};
  std::vector<std::size_t> stage_runs;
  const auto on_stage = [&](std::string_view, std::size_t expected) { stage_runs.push_back(expected); };
  compare_in_two_stages({case_of("slow"), case_of("same")}, {},
                        {.timed = timed, .counted = counted, .on_stage = on_stage}, known, false, random);
  EXPECT_EQ(runs["same"], 24);
  EXPECT_GT(runs["slow"], 40);
  EXPECT_THAT(stage_runs, testing::ElementsAre(2 * (24 + 6), 24 + 6));
}

TEST(two_stages, more_flagged_metrics_need_more_pairs) {
  EXPECT_EQ(confirming_pairs({}, 1), 12u);
  EXPECT_GT(confirming_pairs({}, 20), confirming_pairs({}, 1));
  EXPECT_EQ(confirming_pairs({.pairs = 40}, 1), 40u);
}

TEST(two_stages, client_with_wrong_results_is_a_regression) {
  simulated_machine machine{1};
  machine.head_failure = "wrong fares: 1";
  const auto found = compare(machine);
  EXPECT_EQ(found[0].verdict, verdict::regression);
  EXPECT_EQ(found[0].reason, "4 of its runs failed; the last, of head: wrong fares: 1");
  EXPECT_LE(machine.timed_runs, 2 * 4) << "it is not repeated forever";
}

TEST(two_stages, base_that_only_fails_is_an_improvement) {
  const auto timed = [](side of, const benchmark_case&) {
    if (of == side::base) return run_result{.failure = "wrong fares", .is_client_error = true};
    return run_result{.figures = {{"real_time", 50}}};
  };
  const auto counted = [](side, const benchmark_case&) {
    return run_result{.figures = {{"heap_peak_bytes", 1.0}}};
  };
  noise known;
  std::mt19937_64 random{1};
  const auto found =
      compare_in_two_stages({case_of("a")}, {}, {.timed = timed, .counted = counted}, known, false, random);
  EXPECT_EQ(found[0].verdict, verdict::improvement);
  EXPECT_EQ(found[0].reason, "4 of its runs failed; the last, of base: wrong fares");
}

TEST(two_stages, metric_of_one_side_cannot_be_told) {
  const auto timed = [](side of, const benchmark_case&) {
    run_result result{.figures = {{"real_time", 50}}};
    if (of == side::head) result.figures["rss_growth_bytes"] = 1;
    return result;
  };
  const auto counted = [](side of, const benchmark_case&) {
    return of == side::base ? run_result{.figures = {{"heap_peak_bytes", 1.0}}} : run_result{};
  };
  noise known;
  std::mt19937_64 random{1};
  const auto found =
      compare_in_two_stages({case_of("a")}, {}, {.timed = timed, .counted = counted}, known, false, random);
  EXPECT_EQ(found.size(), 3u);
  EXPECT_EQ(metric_of(found, "rss_growth_bytes").reason, "only head has this figure");
  EXPECT_EQ(metric_of(found, "heap_peak_bytes").reason, "only base has this figure");
  EXPECT_EQ(metric_of(found, "heap_peak_bytes").verdict, verdict::cannot_tell);
}

TEST(two_stages, failures_of_both_sides_cannot_be_told) {
  const auto timed = [](side, const benchmark_case&) {
    return run_result{.failure = "exec mock_server: Permission denied", .is_client_error = true};
  };
  const auto counted = [](side, const benchmark_case&) {
    return run_result{.figures = {{"heap_peak_bytes", 1.0}}};
  };
  for (unsigned seed = 1; seed <= 10; ++seed) {
    noise known;
    std::mt19937_64 random{seed};
    const auto found =
        compare_in_two_stages({case_of("a")}, {}, {.timed = timed, .counted = counted}, known, false, random);
    EXPECT_EQ(found[0].verdict, verdict::cannot_tell) << seed;
  }
}

TEST(two_stages, late_server_cannot_be_told) {
  simulated_machine machine{1};
  machine.head_failure = "the server was what limited it";
  machine.is_head_wrong = false;
  const auto found = compare(machine);
  EXPECT_EQ(found[0].verdict, verdict::cannot_tell);
  EXPECT_EQ(metric_of(found, "heap_peak_bytes").verdict, verdict::same) << "counted figures still count";
}

TEST(two_stages, noise_of_the_machine_is_kept) {
  noise known;
  simulated_machine machine{1};
  machine.noise = 0.3;
  compare_in_two_stages({case_of("a")}, {}, machine.make_runner(), known, true, machine.random());
  const auto series = case_of("a").name();
  EXPECT_EQ(known.count(series, "real_time"), 2u) << "the A/As inside and the comparison itself";
  EXPECT_EQ(known.count(series, "heap_peak_bytes"), 0u) << "exact metrics have no noise";
}

}  // namespace
}  // namespace farebench::track
