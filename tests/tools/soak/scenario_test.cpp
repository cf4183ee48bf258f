#include "tools/soak/scenario.hpp"

#include <gtest/gtest.h>

#include <set>

#include "mock_server/faults/fault_plan.hpp"

namespace farebench::soak {
namespace {

TEST(scenarios, include_every_fault_and_combinations) {
  std::set<std::string> names;
  for (const auto& scenario : all_scenarios()) {
    EXPECT_TRUE(names.insert(scenario.name).second) << scenario.name;
    const auto rates = parse_faults(scenario.faults);
    EXPECT_TRUE(rates) << scenario.name << ": " << (rates ? "" : rates.error());
    EXPECT_EQ(find_scenario(scenario.name), &scenario);
  }
  for (const auto& fault : fault_table) EXPECT_TRUE(names.contains(std::string{fault.name})) << fault.name;
  for (const char* const name : {"mix", "everything", "restart", "outage"}) EXPECT_TRUE(names.contains(name));
  EXPECT_EQ(find_scenario("gremlins"), nullptr);
}

TEST(scenarios, with_refuse_depend_on_timing) {
  for (const auto& scenario : all_scenarios()) {
    const auto rates = *parse_faults(scenario.faults);
    if (rates.rate(fault_kind::refuse) == 0) continue;
    EXPECT_TRUE(scenario.depends_on_timing && scenario.faults_spread) << scenario.name;
  }
  EXPECT_FALSE(find_scenario("mix")->depends_on_timing);
  EXPECT_FALSE(find_scenario("reset_mid_body")->depends_on_timing);
}

TEST(make_plan, varies_with_seed) {
  const auto& scenario = *find_scenario("reset_mid_body");
  std::set<std::size_t> workers, loops, pages;
  std::set<bool> ends, compressed;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const auto plan = make_plan(scenario, seed);
    EXPECT_EQ(plan.policy, make_plan(scenario, seed).policy);
    workers.insert(plan.workers);
    loops.insert(plan.loops);
    pages.insert(plan.page_kb);
    ends.insert(plan.faults_until.has_value());
    compressed.insert(plan.policy.exchange.accept_compressed);
    EXPECT_TRUE(plan.policy.tag_requests);
    EXPECT_LT(plan.faults_until.value_or(0), plan.policy.max_attempts) << "or convergence is not checked";
  }
  EXPECT_GT(workers.size(), 1u);
  EXPECT_GT(loops.size(), 1u);
  EXPECT_GT(pages.size(), 1u);
  EXPECT_EQ(ends.size(), 2u);
  EXPECT_EQ(compressed.size(), 2u);
}

}  // namespace
}  // namespace farebench::soak
