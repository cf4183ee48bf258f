#include "bench/clients/clients.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/cases.hpp"
#include "bench/probe/raw_epoll.hpp"
#include "farebench/libcurl.hpp"
#include "farebench/native.hpp"
#include "farebench/strategy.hpp"
#include "tests/bench/scratch_folder.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

TEST(probe_clients, transports_come_first_then_floor) {
  std::vector<std::string> names;
  for (const auto& info : libcurl_transport().strategies()) names.emplace_back(info.name);
  for (const auto& info : native_transport().strategies())
    names.push_back(fmt::format("{}/native", info.name));
  names.emplace_back(floor_strategy);
  EXPECT_TRUE(std::ranges::equal(probe_clients(), names, {}, &client_info::name));
}

TEST(probe_clients, facts_are_complete_and_labels_distinct) {
  std::set<std::string_view> labels;
  for (const auto& info : probe_clients()) {
    for (const auto& fact : {info.name, info.label, info.family, info.language, info.transport,
                             info.control_flow, info.code_changes})
      EXPECT_NE(fact, "") << info.name;
    labels.insert(info.label);
    EXPECT_EQ(find_probe_client(info.name), &info);
  }
  EXPECT_EQ(labels.size(), probe_clients().size());
  EXPECT_EQ(find_probe_client("pigeon"), nullptr);
}

TEST(probe_clients, label_names_other_transport) {
  EXPECT_EQ(find_probe_client("coroutines")->label, "coroutines");
  EXPECT_EQ(find_probe_client("coroutines/native")->label, "coroutines (native)");
  EXPECT_EQ(find_probe_client("thread_pool/native")->label, "thread pool (native)");
  EXPECT_EQ(find_probe_client("coroutines/native")->transport, "native");
}

TEST(split_client_name, only_transports_are_parts) {
  for (const auto& [name, strategy, transport] :
       {std::tuple{"coroutines", "coroutines", ""}, std::tuple{"coroutines/native", "coroutines", "native"},
        std::tuple{"fibers/libcurl", "fibers", "libcurl"}, std::tuple{"client:x", "client:x", ""},
        std::tuple{"a/b:c", "a/b:c", ""}, std::tuple{"", "", ""}}) {
    EXPECT_EQ(split_client_name(name).strategy, strategy);
    EXPECT_EQ(split_client_name(name).transport, transport);
  }
}

TEST(make_client, command_is_split_like_in_a_shell) {
  const auto client =
      make_client("x", R"(A=1 B_2='two words' sh -c "say \"hi\" \$x" a\ b '' 'it'"'"'s' C=3)");
  EXPECT_EQ(client->executable.filename(), "sh");
  EXPECT_THAT(client->arguments, ElementsAre("-c", "say \"hi\" $x", "a b", "", "it's", "C=3"));
  EXPECT_THAT(client->environment, ElementsAre(Pair("A", "1"), Pair("B_2", "two words")));
}

TEST(make_client, path_with_slash_is_not_searched) {
  EXPECT_EQ(make_client("x", "/bin/sh")->executable, "/bin/sh");
  EXPECT_TRUE(make_client("x", "sh")->executable.is_absolute());
}

TEST(make_client, invalid_command_throws_one_line) {
  for (const char* command : {"", " ", "A=1", "'sh", "sh \"x", "no-such-program-anywhere", "/no/such/program",
                              "/tmp", "./no\nsuch"}) {
    try {
      make_client("x", command);
      ADD_FAILURE() << command;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), testing::Not(HasSubstr("\n")));
    }
  }
}

TEST(parse_client, name_becomes_that_of_row) {
  const auto client = parse_client("my-client_2.0=sh -c 'a=b'");
  EXPECT_EQ(client->info.name, "client:my-client_2.0");
  EXPECT_THAT(client->arguments, ElementsAre("-c", "a=b"));
  EXPECT_TRUE(client->info.uses_workers);
}

TEST(parse_client, text_without_valid_name_throws) {
  for (const char* text : {"sh", "=sh", "a b=sh", "a/b=sh", "a:b=sh", "é=sh", ""})
    EXPECT_THROW(parse_client(text), std::invalid_argument) << text;
}

class built_clients_test : public testing::Test {
 protected:
  void write(const std::string& group, const std::string& manifest) {
    fs::create_directories(folder_ / group);
    std::ofstream{folder_ / group / "manifest.json"} << manifest;
  }

  const scratch_folder scratch_;
  const fs::path folder_ = scratch_.path();
};

constexpr const char* two_clients = R"({"language": "Shell", "needs": "sh", "clients": [
  {"name": "shell_fast", "label": "Fast shell", "family": "blocking", "transport": "none", "control_flow": "one",
   "code_changes": "all", "command": ["sh", "./run", "x"], "uses_workers": false, "counts_heap": false,
   "environment": {"A": "1"}, "heap_environment": {"B": "2"}},
  {"name": "shell_slow", "label": "Slow shell", "family": "fibers", "transport": "none", "control_flow": "two",
   "code_changes": "all", "command": ["./run"], "uses_workers": true, "counts_heap": true}]})";

TEST_F(built_clients_test, manifest_is_read) {
  write("shell", two_clients);
  std::ofstream{folder_ / "shell" / "run"} << "#!/bin/sh\n";
  fs::permissions(folder_ / "shell" / "run", fs::perms::owner_all);
  const auto clients = built_clients(folder_);
  ASSERT_EQ(clients.size(), 2u);
  const auto& fast = *clients[0];
  EXPECT_EQ(fast.info.name, "shell_fast");
  EXPECT_EQ(fast.info.language, "Shell");
  EXPECT_EQ(fast.info.family, "blocking");
  EXPECT_EQ(fast.group, "shell");
  EXPECT_FALSE(fast.info.uses_workers);
  EXPECT_FALSE(fast.counts_heap);
  EXPECT_THAT(fast.arguments, ElementsAre((folder_ / "shell" / "run").string(), "x"));
  EXPECT_THAT(fast.environment, ElementsAre(Pair("A", "1")));
  EXPECT_THAT(fast.heap_environment, ElementsAre(Pair("B", "2")));
  EXPECT_EQ(clients[1]->executable, folder_ / "shell" / "run");

  const auto names = [&](std::vector<std::string> selected) {
    std::vector<std::string> found;
    for (const auto& client : select_clients(clients, selected)) found.push_back(client->info.name);
    return found;
  };
  EXPECT_THAT(names({"all"}), ElementsAre("shell_fast", "shell_slow"));
  EXPECT_THAT(names({"shell", "all"}), ElementsAre("shell_fast", "shell_slow")) << "each once";
  EXPECT_THAT(names({"shell_slow"}), ElementsAre("shell_slow"));
  EXPECT_THROW(names({"shell_slwo"}), std::invalid_argument);
}

TEST_F(built_clients_test, folder_without_manifests_has_none) {
  EXPECT_THAT(built_clients(folder_), IsEmpty());
  EXPECT_THAT(built_clients(folder_ / "missing"), IsEmpty());
  EXPECT_THROW(select_clients({}, std::vector<std::string>{"all"}), std::invalid_argument);
}

TEST_F(built_clients_test, invalid_manifest_is_named) {
  for (const char* manifest : {"", "[]", "{}", R"({"language": "Shell", "clients": [{}]})"}) {
    write("shell", manifest);
    try {
      built_clients(folder_);
      ADD_FAILURE() << manifest;
    } catch (const std::runtime_error& error) {
      EXPECT_THAT(error.what(), HasSubstr((folder_ / "shell" / "manifest.json").string()));
    }
  }
}

TEST(cases_of, programs_have_rows_after_strategies) {
  const auto blocking = std::make_shared<const client_program>(client_program{
      .info = {.name = "alone", .label = "alone", .uses_workers = false}, .executable = "/bin/sh"});
  const auto other = std::make_shared<const client_program>(
      client_program{.info = {.name = "many", .label = "many"}, .executable = "/bin/sh"});
  std::vector<std::string> names;
  for (const auto& row : cases_of({.strategies = {"coroutines"},
                                   .workers = {20, 100},
                                   .points = {{20ms}},
                                   .page_kb = 3,
                                   .items = 100,
                                   .loops = {1, 2},
                                   .programs = {blocking, other}})) {
    if (row.loops == 1) names.push_back(row.strategy + " " + std::to_string(row.workers));
    EXPECT_EQ(row.program == nullptr, row.strategy == "coroutines");
  }
  EXPECT_THAT(names, ElementsAre("coroutines 20", "coroutines 100", "alone 1", "many 20", "many 100"));
}

}  // namespace
}  // namespace farebench
