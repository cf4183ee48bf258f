#include "bench/clients/clients.hpp"

#include <gmock/gmock.h>

#include "bench/cases.hpp"
#include "farebench/strategy.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

benchmark_case case_of(std::string strategy) {
  return {.strategy = std::move(strategy), .workers = 20, .latency = 20ms, .page_kb = 3, .days = 100};
}

TEST(peers, are_no_strategies_of_the_library) {
  for (const auto& info : strategies()) EXPECT_FALSE(is_peer(info.name)) << info.name;
  for (const auto name : peer_names) EXPECT_TRUE(is_peer(name)) << name;
  EXPECT_FALSE(is_peer("python_pigeon"));
}

TEST(peers, connect_anew_for_each_day) {
  EXPECT_EQ(case_of("multi_socket").connections(), 20u);
  EXPECT_EQ(case_of("python_threads").connections(), 100u);
  EXPECT_EQ(case_of("python_threads").active_workers(), 20u);
}

TEST(peers, are_started_from_the_folder_of_the_programs) {
  const auto command = command_of_peers("/some/bin");
  EXPECT_EQ(command.interpreter, "/usr/bin/python3") << "whose packages are Debian's";
  EXPECT_THAT(command.arguments, testing::ElementsAre("/some/bin/clients/python/probe.py"));
}

TEST(peers, have_the_workers_asked_for_but_for_the_sequential_one_and_no_event_loops) {
  std::vector<std::string> names;
  for (const auto& row : cases_of({.strategies = {"python_sync", "python_asyncio"},
                                   .workers = {20, 100},
                                   .points = {{20ms}},
                                   .page_kb = 3,
                                   .days = 100,
                                   .loops = {1, 2}}))
    names.push_back(row.name());
  EXPECT_THAT(names,
              testing::ElementsAre(
                  "fetch/strategy:python_sync/workers:1/latency_ms:20/page_kb:3/days:100/engine:beast",
                  "fetch/strategy:python_asyncio/workers:20/latency_ms:20/page_kb:3/days:100/engine:beast",
                  "fetch/strategy:python_asyncio/workers:100/latency_ms:20/page_kb:3/days:100/engine:beast"));
}

}  // namespace
}  // namespace farebench
