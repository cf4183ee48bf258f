#include "bench/clients/clients.hpp"

#include <gmock/gmock.h>

#include <set>
#include <stdexcept>

#include "bench/cases.hpp"
#include "bench/probe/raw_epoll.hpp"
#include "farebench/strategy.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(clients, are_listed_library_first_then_floor_then_python) {
  std::vector<std::string_view> names;
  for (const auto& info : strategies()) names.push_back(info.name);
  names.insert(names.end(),
               {floor_strategy, "python_sync", "python_threads", "python_gevent", "python_asyncio"});
  const auto clients = all_clients();
  EXPECT_TRUE(std::ranges::equal(clients, names, {}, &client_info::name));
}

TEST(clients, have_every_fact_and_distinct_labels) {
  std::set<std::string_view> labels;
  for (const auto& info : all_clients()) {
    for (const auto fact : {info.name, info.label, info.family, info.language, info.transport,
                            info.control_flow, info.code_changes})
      EXPECT_NE(fact, "") << info.name;
    labels.insert(info.label);
    EXPECT_EQ(find_client(info.name), &info);
  }
  EXPECT_EQ(labels.size(), all_clients().size());
  EXPECT_EQ(find_client("python_pigeon"), nullptr);
}

TEST(clients, of_python_are_not_library_strategies) {
  for (const auto& info : strategies()) EXPECT_FALSE(is_python_client(info.name)) << info.name;
  EXPECT_FALSE(is_python_client(floor_strategy));
  for (const auto& name : client_names(client_kind::python)) EXPECT_TRUE(is_python_client(name)) << name;
  EXPECT_FALSE(is_python_client("python_pigeon"));
}

TEST(clients, of_python_connect_once_per_day) {
  const auto case_of = [](std::string strategy) {
    return benchmark_case{
        .strategy = std::move(strategy), .workers = 20, .latency = 20ms, .page_kb = 3, .days = 100};
  };
  EXPECT_EQ(case_of("multi_socket").connections(), 20u);
  EXPECT_EQ(case_of("python_threads").connections(), 100u);
  EXPECT_EQ(case_of("python_threads").active_workers(), 20u);
}

TEST(clients, of_python_start_from_the_program_folder) {
  const auto command = make_python_command("/some/bin");
  EXPECT_EQ(command.interpreter, "/usr/bin/python3") << "Debian's packages belong to it";
  EXPECT_THAT(command.arguments, ElementsAre("/some/bin/clients/python/probe.py"));
}

TEST(clients, of_python_use_workers_but_no_loops) {
  std::vector<std::string> names;
  for (const auto& row : cases_of({.strategies = {"python_sync", "python_asyncio"},
                                   .workers = {20, 100},
                                   .points = {{20ms}},
                                   .page_kb = 3,
                                   .days = 100,
                                   .loops = {1, 2}}))
    names.push_back(row.name());
  EXPECT_THAT(
      names,
      ElementsAre("fetch/strategy:python_sync/workers:1/latency_ms:20/page_kb:3/days:100/engine:beast",
                  "fetch/strategy:python_asyncio/workers:20/latency_ms:20/page_kb:3/days:100/engine:beast",
                  "fetch/strategy:python_asyncio/workers:100/latency_ms:20/page_kb:3/days:100/engine:beast"));
}

const python_libraries some_missing{.versions = {{"python", "3.11.2"}},
                                    .missing = {{"python_sync", {}},
                                                {"python_threads", {"python3-requests"}},
                                                {"python_gevent", {"python3-gevent", "python3-requests"}}}};

TEST(python_libraries, are_complete_if_no_package_is_missing) {
  EXPECT_TRUE(some_missing.has_all_of("python_sync"));
  EXPECT_FALSE(some_missing.has_all_of("python_threads"));
  EXPECT_TRUE(some_missing.has_all_of("multi_socket")) << "not a Python client";
}

TEST(python_libraries, missing_ones_give_one_line_with_a_remedy) {
  const std::vector<std::string> skipped{"python_threads", "python_gevent"};
  EXPECT_EQ(skip_message(skipped, some_missing),
            "skipped because packages are missing: python_threads, python_gevent; './dev bench --peers' "
            "installs them, or: apt-get install python3-gevent python3-requests");
}

TEST(python_libraries, without_interpreter_miss_python3) {
  const auto libraries =
      find_python_libraries({.interpreter = "/no/python3", .arguments = {}, .heap_environment = {}});
  for (const auto& name : client_names(client_kind::python)) EXPECT_FALSE(libraries.has_all_of(name)) << name;
  const std::vector<std::string> skipped{"python_sync"};
  EXPECT_THAT(skip_message(skipped, libraries), testing::EndsWith("apt-get install python3"));
}

TEST(python_libraries, invalid_response_throws) {
  EXPECT_THROW(
      find_python_libraries({.interpreter = "/bin/echo", .arguments = {"{}"}, .heap_environment = {}}),
      std::runtime_error);
}

}  // namespace
}  // namespace farebench
