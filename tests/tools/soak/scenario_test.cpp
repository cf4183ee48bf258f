#include "tools/soak/scenario.hpp"

#include <gtest/gtest.h>

#include <set>

#include "mock_server/faults/fault_plan.hpp"

namespace farebench::soak {
namespace {

TEST(scenarios, are_every_fault_alone_and_some_together) {
  std::set<std::string> names;
  for (const auto& one : all_scenarios()) {
    EXPECT_TRUE(names.insert(one.name).second) << one.name;
    const auto rates = parse_faults(one.faults);
    EXPECT_TRUE(rates) << one.name << ": " << (rates ? "" : rates.error());
    EXPECT_EQ(find_scenario(one.name), &one);
  }
  for (const auto& one : fault_table) EXPECT_TRUE(names.contains(std::string{one.name})) << one.name;
  for (const char* const more : {"mix", "everything", "restart", "outage"}) EXPECT_TRUE(names.contains(more));
  EXPECT_EQ(find_scenario("gremlins"), nullptr);
}

TEST(scenarios, hold_strategies_to_each_other_unless_they_go_by_timing) {
  for (const auto& one : all_scenarios()) {
    const auto rates = *parse_faults(one.faults);
    if (rates.rate(fault_kind::refuse) == 0) continue;
    EXPECT_TRUE(one.goes_by_timing && one.faults_spread) << one.name;
  }
  EXPECT_FALSE(find_scenario("mix")->goes_by_timing);
  EXPECT_FALSE(find_scenario("reset_mid_body")->goes_by_timing);
}

TEST(plan_of, varies_with_the_seed_and_is_the_same_for_the_same) {
  const auto& how = *find_scenario("reset_mid_body");
  std::set<std::size_t> workers, loops, pages;
  std::set<bool> ends, compressed;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const auto plan = plan_of(how, seed);
    EXPECT_EQ(plan.policy, plan_of(how, seed).policy);
    workers.insert(plan.workers);
    loops.insert(plan.loops);
    pages.insert(plan.page_kb);
    ends.insert(plan.faults_until.has_value());
    compressed.insert(plan.policy.exchange.accept_compressed);
    EXPECT_TRUE(plan.policy.tag_requests);
    EXPECT_LT(plan.faults_until.value_or(0), plan.policy.max_attempts) << "or nothing need converge";
  }
  EXPECT_GT(workers.size(), 1u);
  EXPECT_GT(loops.size(), 1u);
  EXPECT_GT(pages.size(), 1u);
  EXPECT_EQ(ends.size(), 2u);
  EXPECT_EQ(compressed.size(), 2u);
}

}  // namespace
}  // namespace farebench::soak
