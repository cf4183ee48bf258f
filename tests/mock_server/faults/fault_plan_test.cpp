#include "mock_server/faults/fault_plan.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace farebench {
namespace {

using namespace std::chrono_literals;

attempt_step on_day(int day, int step, std::uint32_t attempt) {
  return {.date = std::chrono::sys_days{2026y / 1 / 1} + std::chrono::days{day},
          .session = {},
          .step = step,
          .attempt = attempt};
}

std::vector<std::optional<fault_kind>> faults_of(const fault_plan& plan) {
  std::vector<std::optional<fault_kind>> all;
  for (int day = 0; day < 500; ++day) {
    for (const int step : {1, 2}) {
      for (const std::uint32_t attempt : {1u, 2u, 3u})
        all.push_back(plan.fault_at(on_day(day, step, attempt)));
    }
  }
  return all;
}

TEST(fault_plan, depends_on_the_seed_only) {
  const fault_rates rates = *parse_faults("refuse:10%,status_503:20%,huge_body:5%");
  EXPECT_EQ(faults_of({.rates = rates, .seed = 7}), faults_of({.rates = rates, .seed = 7}));
  EXPECT_NE(faults_of({.rates = rates, .seed = 7}), faults_of({.rates = rates, .seed = 8}));
}

// Pinned, since a committed result names its seed: another platform or version must meet the same faults.
TEST(fault_plan, is_the_same_on_every_platform) {
  const fault_plan plan{.rates = *parse_faults("status_500:25%,status_502:25%,status_503:25%,status_504:25%"),
                        .seed = 7};
  std::string drawn;
  for (int day = 0; day < 10; ++day)
    drawn += std::string{to_string(*plan.fault_at(on_day(day, 2, 1))).substr(9)};
  EXPECT_EQ(drawn, "2033422234");
}

TEST(fault_plan, has_no_fault_without_a_rate_or_an_exchange) {
  for (const auto& fault : faults_of({.seed = 7})) EXPECT_EQ(fault, std::nullopt);
  const fault_plan plan{.rates = *parse_faults("refuse:100%")};
  EXPECT_EQ(plan.fault_at({}), std::nullopt);
  EXPECT_EQ(plan.fault_at(on_day(0, 0, 1)), std::nullopt);
  EXPECT_EQ(plan.fault_at({.date = {}, .session = {}, .step = 2, .attempt = 1}), std::nullopt);
  EXPECT_EQ(plan.fault_at({.date = {}, .session = 3, .step = 1, .attempt = 1}), fault_kind::refuse);
}

TEST(fault_plan, at_100_percent_hits_every_exchange) {
  for (const fault_description& fault : fault_table) {
    fault_plan plan;
    plan.rates.set(fault.kind, fault_rates::max_rate);
    for (const int step : {1, 2}) {
      for (int day = 0; day < 20; ++day) {
        EXPECT_EQ(plan.fault_at(on_day(day, step, 1)),
                  applies_to(fault.kind, step) ? std::optional{fault.kind} : std::nullopt)
            << fault.name;
      }
    }
  }
}

TEST(fault_plan, ends_after_the_last_attempt_that_may_meet_one) {
  const fault_plan plan{.rates = *parse_faults("refuse:100%"), .until_attempt = 2};
  for (int day = 0; day < 20; ++day) {
    EXPECT_EQ(plan.fault_at(on_day(day, 1, 2)), fault_kind::refuse);
    EXPECT_EQ(plan.fault_at(on_day(day, 1, 3)), std::nullopt);
  }
}

// Each count is within five standard deviations of its binomial distribution.
TEST(fault_plan, keeps_to_the_rates) {
  const fault_plan plan{
      .rates = *parse_faults("refuse:2%,reset_mid_body:10%,status_503:30%,price_too_large:0.5%"), .seed = 7};
  constexpr int days = 20'000;
  for (const int step : {1, 2}) {
    std::array<int, fault_table.size()> counted{};
    for (int day = 0; day < days; ++day) {
      if (const auto fault = plan.fault_at(on_day(day, step, 1))) ++counted[static_cast<std::size_t>(*fault)];
    }
    for (const fault_description& fault : fault_table) {
      const double rate =
          applies_to(fault.kind, step) ? plan.rates.rate(fault.kind) / double{fault_rates::max_rate} : 0;
      EXPECT_NEAR(counted[static_cast<std::size_t>(fault.kind)], days * rate,
                  5 * std::sqrt(days * rate * (1 - rate)))
          << fault.name << " at step " << step;
    }
  }
}

TEST(fault_plan, draws_each_step_and_attempt_for_itself) {
  const fault_plan plan{.rates = *parse_faults("status_503:50%"), .seed = 7};
  constexpr int days = 4'000;
  int same_as_other_step = 0;
  int same_as_next_attempt = 0;
  for (int day = 0; day < days; ++day) {
    const auto drawn = plan.fault_at(on_day(day, 2, 1));
    same_as_other_step += drawn == plan.fault_at(on_day(day, 1, 1));
    same_as_next_attempt += drawn == plan.fault_at(on_day(day, 2, 2));
  }
  const double deviation = 5 * std::sqrt(days * 0.25);
  EXPECT_NEAR(same_as_other_step, days * 0.5, deviation);
  EXPECT_NEAR(same_as_next_attempt, days * 0.5, deviation);
}

TEST(fault_plan, draws_reproducible_details_for_each_attempt) {
  const fault_plan plan{.rates = *parse_faults("status_503:50%"), .seed = 7};
  int different = 0;
  for (int day = 0; day < 100; ++day) {
    const auto number = [&] { return plan.details_at(on_day(day, 2, 1)).next(); };
    EXPECT_EQ(number(), number());
    different += number() != plan.details_at(on_day(day, 2, 2)).next();
  }
  EXPECT_EQ(different, 100);
}

}  // namespace
}  // namespace farebench
