#include "bench/track/measure.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace farebench::track {
namespace {

using testing::HasSubstr;

benchmark_case a_case(const std::string& strategy) {
  return {
      .strategy = strategy, .workers = 4, .latency = std::chrono::milliseconds{1}, .page_kb = 3, .days = 6};
}

/// A machine made up: each run takes what it should, times the noise of the moment.
class made_up_machine {
 public:
  double slower = 1;              ///< the head's time over the base's
  double more_allocations = 0;    ///< of the head
  double noise = 0.03;            ///< of the logarithm of a time
  int slower_only_for_runs = -1;  ///< the head is slower in its first runs alone; −1: in all
  std::string head_failure = {};
  bool head_is_wrong = true;
  std::vector<side> order = {};  ///< of the timed runs
  int timed_runs = 0;
  int counted_runs = 0;

  explicit made_up_machine(unsigned seed) : random_{seed} {}

  runner with() {
    return {.timed = [this](side of, const benchmark_case&) { return timed(of); },
            .counted = [this](side of, const benchmark_case&) { return counted(of); }};
  }

  std::mt19937_64& random() { return random_; }

 private:
  run_result timed(side of) {
    ++timed_runs;
    order.push_back(of);
    if (of == side::head && !head_failure.empty())
      return {.failure = head_failure, .is_wrong = head_is_wrong};
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

std::vector<finding> compare(made_up_machine& machine,
                             const std::vector<benchmark_case>& cases = {a_case("coroutines")},
                             bool is_of_one_program = false) {
  noise known;
  return compare_in_two_stages(cases, {}, machine.with(), known, is_of_one_program, machine.random());
}

const finding& of_metric(const std::vector<finding>& all, std::string_view name) {
  return *std::ranges::find(all, name, &finding::metric);
}

TEST(run_in_pairs, runs_each_case_in_fours_of_which_both_sides_are_first_at_times) {
  made_up_machine machine{1};
  const auto seen =
      run_in_pairs({a_case("fibers")}, {.pairs = 40, .counts = 2}, machine.with(), machine.random());
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

TEST(run_in_pairs, mixes_the_order_of_the_cases) {
  std::vector<std::string> order;
  const auto run = [&](side, const benchmark_case& row) {
    if (order.empty() || order.back() != row.strategy) order.push_back(row.strategy);
    return run_result{.figures = {{"real_time", 1.0}}};
  };
  std::mt19937_64 random{7};
  run_in_pairs({a_case("a"), a_case("b"), a_case("c")}, {.pairs = 20, .counts = 0},
               {.timed = run, .counted = run}, random);
  const std::vector<std::string> first(order.begin(), order.begin() + 3);
  bool differs = false;
  for (std::size_t i = 3; i + 3 <= order.size(); i += 3)
    differs = differs || std::vector<std::string>(order.begin() + static_cast<long>(i),
                                                  order.begin() + static_cast<long>(i) + 3) != first;
  EXPECT_TRUE(differs);
}

TEST(run_in_pairs, keeps_nothing_of_a_four_with_a_failed_run) {
  int runs = 0;
  const auto run = [&](side, const benchmark_case&) {
    ++runs;
    if (runs == 3) return run_result{.failure = "the server was late"};
    return run_result{.figures = {{"real_time", static_cast<double>(runs)}}};
  };
  std::mt19937_64 random{7};
  const auto seen =
      run_in_pairs({a_case("a")}, {.pairs = 2, .counts = 0}, {.timed = run, .counted = run}, random);
  const auto& time = seen.begin()->second.timed.at("real_time");
  EXPECT_EQ(time.base.size(), 2u);
  EXPECT_THAT(time.base, testing::Each(testing::Gt(3)));
  EXPECT_THAT(time.head, testing::Each(testing::Gt(3)));
}

TEST(two_stages, catch_a_slower_client_and_confirm_it) {
  int caught = 0;
  for (unsigned seed = 1; seed <= 100; ++seed) {
    made_up_machine machine{seed};
    machine.slower = 1.15;
    const auto found = compare(machine);
    const auto& time = of_metric(found, "real_time");
    if (time.what != verdict::regression) continue;
    ++caught;
    EXPECT_THAT(time.why, HasSubstr("confirmed on fresh runs"));
    EXPECT_GE(time.confidence, 0.99);
  }
  EXPECT_GE(caught, 95);
}

TEST(two_stages, catch_one_allocation_more_a_request) {
  made_up_machine machine{1};
  machine.more_allocations = 1;
  const auto found = compare(machine);
  EXPECT_EQ(of_metric(found, "allocations_per_request").what, verdict::regression);
  EXPECT_EQ(of_metric(found, "heap_peak_bytes").what, verdict::same);
  EXPECT_EQ(machine.counted_runs, 2 * 2 * 3) << "once to see it, and once to confirm it";
  EXPECT_EQ(machine.timed_runs, 24) << "what is exact is confirmed without timed runs";
}

TEST(two_stages, alarm_at_most_once_in_sixty_where_nothing_changed) {
  int alarms = 0;
  constexpr unsigned comparisons = 600;
  for (unsigned seed = 1; seed <= comparisons; ++seed) {
    made_up_machine machine{seed};
    machine.noise = 0.1;
    const auto found = compare(machine, {a_case("a"), a_case("b"), a_case("c")}, true);
    if (std::ranges::any_of(found, is_flagged)) ++alarms;
  }
  EXPECT_LE(alarms, comparisons / 60);
}

TEST(two_stages, a_program_with_itself_is_judged_like_any_other) {
  made_up_machine machine{1};
  machine.slower = 1.5;  // no program is, but were it so, this would have to tell
  EXPECT_EQ(of_metric(compare(machine, {a_case("a")}, true), "real_time").what, verdict::regression);
}

TEST(two_stages, do_not_count_what_fresh_runs_do_not_confirm) {
  made_up_machine machine{3};
  machine.slower = 1.5;
  machine.slower_only_for_runs = 12;
  const auto found = compare(machine);
  EXPECT_EQ(of_metric(found, "real_time").what, verdict::cannot_tell);
  EXPECT_THAT(of_metric(found, "real_time").why, HasSubstr("not confirmed"));
}

TEST(two_stages, measure_again_only_the_cases_that_were_flagged) {
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
  compare_in_two_stages({a_case("slow"), a_case("same")}, {}, {.timed = timed, .counted = counted}, known,
                        false, random);
  EXPECT_EQ(runs["same"], 24);
  EXPECT_GT(runs["slow"], 40);
}

TEST(two_stages, need_more_pairs_the_more_is_flagged) {
  EXPECT_EQ(confirming_pairs({}, 1), 12u);
  EXPECT_GT(confirming_pairs({}, 20), confirming_pairs({}, 1));
  EXPECT_EQ(confirming_pairs({.pairs = 40}, 1), 40u);
}

TEST(two_stages, a_client_that_gives_wrong_answers_is_a_regression) {
  made_up_machine machine{1};
  machine.head_failure = "wrong answers: 1 fares";
  const auto found = compare(machine);
  EXPECT_EQ(found[0].what, verdict::regression);
  EXPECT_EQ(found[0].why, "4 of its runs failed, at last of head: wrong answers: 1 fares");
  EXPECT_LE(machine.timed_runs, 2 * 4) << "it is not tried for ever";
}

TEST(two_stages, cannot_tell_where_the_machine_was_at_fault) {
  made_up_machine machine{1};
  machine.head_failure = "the server was what limited it";
  machine.head_is_wrong = false;
  const auto found = compare(machine);
  EXPECT_EQ(found[0].what, verdict::cannot_tell);
  EXPECT_EQ(of_metric(found, "heap_peak_bytes").what, verdict::same) << "what was counted still counts";
}

TEST(two_stages, learn_the_noise_of_the_machine) {
  noise known;
  made_up_machine machine{1};
  machine.noise = 0.3;
  compare_in_two_stages({a_case("a")}, {}, machine.with(), known, true, machine.random());
  const auto series = a_case("a").name();
  EXPECT_EQ(known.known(series, "real_time"), 2u) << "the A/As inside, and the comparison itself";
  EXPECT_EQ(known.known(series, "heap_peak_bytes"), 0u) << "what is exact has none";
}

}  // namespace
}  // namespace farebench::track
