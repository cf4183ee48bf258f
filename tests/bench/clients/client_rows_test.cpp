// Rows of other programs: bench --client and --server.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "lib/system/build_identity.hpp"
#include "mock_server/mock_server_process.hpp"
#include "tests/bench/scratch_folder.hpp"
#include "tests/support/run_command.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

std::string program(const char* name) { return (fs::path{FAREBENCH_BIN_DIR} / name).string(); }

test::finished_command bench(const std::string& arguments) {
  return test::run_command(
      fmt::format("cd / && {} --strategies none --benchmark_format=json {}", program("bench"), arguments));
}

/// Runs a smoke run of one client and returns its rows.
nlohmann::json rows_of(const std::string& client, const std::string& arguments = "") {
  const auto run = bench(fmt::format("--smoke --client '{}' --workers 3 {}", client, arguments));
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  return nlohmann::json::parse(run.output).at("benchmarks");
}

std::string fetch_probe_client(const char* strategy) {
  return fmt::format("x={} --strategy {}", program("fetch_probe"), strategy);
}

TEST(client_rows, program_is_a_row_like_any_other) {
  for (const char* task : {"scrape", "get"}) {
    const auto rows = rows_of(fetch_probe_client("coroutines"), fmt::format("--task {}", task));
    ASSERT_EQ(rows.size(), 1u);
    const auto& row = rows[0];
    EXPECT_EQ(row["strategy"], "client:x");
    EXPECT_THAT(row["name"].get<std::string>(), testing::StartsWith("fetch/strategy:client:x/"));
    EXPECT_THAT(row["client_version"].get<std::string>(), HasSubstr("libcurl/"));
    EXPECT_GT(row["cpu_us_per_request"], 0);
    EXPECT_EQ(row["errors"], 0);
    if (this_build().sanitizers.empty()) {
      EXPECT_GT(row["heap_peak_bytes"], 0);
    }
  }
}

TEST(client_rows, fresh_connections_and_warm_up_are_in_name) {
  const auto rows =
      rows_of(fetch_probe_client("fibers"), "--task get --connections fresh --warm-up 4 --items 6");
  EXPECT_THAT(rows[0]["name"].get<std::string>(), HasSubstr("/items:6/connections:fresh/warm_up:4/"));
}

TEST(client_rows, child_process_counts) {
  // The shell waits for the client, which is its child.
  const auto client =
      fmt::format("x=sh -c \"{} --strategy coroutines \\\"\\$@\\\"; exit \\$?\" sh", program("fetch_probe"));
  const auto wrapped = rows_of(client)[0];
  const auto direct = rows_of(fetch_probe_client("coroutines"))[0];
  // The baseline has both processes.
  EXPECT_GT(wrapped["rss_baseline_bytes"], direct["rss_baseline_bytes"]);
  EXPECT_GE(wrapped["threads_peak"], 2) << "those of the shell and the client";
  EXPECT_GT(wrapped["cpu_us_per_request"], 1) << "measured from outside";
}

TEST(client_rows, broken_client_fails_its_row_with_the_reason) {
  const scratch_folder folder;
  const auto stub = folder / "stub";
  const auto failure_of = [&](const std::string& script) {
    std::ofstream{stub} << "#!/bin/sh\n" << script << '\n';
    fs::permissions(stub, fs::perms::owner_all);
    const auto run = bench(fmt::format("--smoke --client x={} --workers 3", stub.string()));
    EXPECT_EQ(run.exit_code, 1) << script;
    return nlohmann::json::parse(run.output).at("benchmarks").at(0).at("error_message").get<std::string>();
  };
  const std::string ready = "echo 'farebench-client 2 ready'; read go; ";
  EXPECT_THAT(failure_of("exit 3"), HasSubstr("ended with exit code 3 before it was ready"));
  EXPECT_THAT(failure_of("echo hello; read go"), HasSubstr("another protocol: 'hello'"));
  EXPECT_THAT(failure_of("echo 'farebench-probe 1 ready'; read go"), HasSubstr("another protocol"));
  EXPECT_THAT(failure_of(ready + "echo 'failed no memory'; read exit"),
              HasSubstr("could not run: no memory"));
  EXPECT_THAT(failure_of(ready + R"(echo '{"outcomes":6,"errors":0}'; read exit)"),
              HasSubstr("\"digest\" is missing"));
  EXPECT_THAT(failure_of(ready + R"(echo '{"outcomes":6,"errors":0,"digest":1}'; read exit)"),
              HasSubstr("wrong fares"));
  EXPECT_THAT(failure_of(ready + R"(echo '{"outcomes":6,"errors":0,"digest":1}'; echo more; read exit)"),
              HasSubstr("printed 'more' after its report"));
  EXPECT_THAT(failure_of(ready + R"(echo '{"outcomes":6,"errors":0,"digest":1}'; read exit; exit 7)"),
              HasSubstr("ended with exit code 7 after its batch"));
}

TEST(client_rows, server_elsewhere_serves_several_rows) {
  mock_server_process server{
      {.latency = std::chrono::microseconds{2ms}, .page_kb = 5, .executable = program("mock_server")}};
  // Counters of earlier requests do not matter.
  for (int run = 0; run < 2; ++run) {
    const auto finished =
        bench(fmt::format("--server {}/ --client '{}' --workers 2,3 --items 6 "
                          "--benchmark_repetitions=2 --journal /dev/null",
                          server.url(), fetch_probe_client("coroutines")));
    const auto result = nlohmann::json::parse(finished.output);
    EXPECT_EQ(result["context"]["server"], server.url());
    EXPECT_EQ(result["context"]["latency"], "2ms");
    EXPECT_EQ(result["context"]["page_kb"], "5");
    for (const auto& row : result["benchmarks"]) {
      if (row["run_type"] != "iteration") continue;
      // A busy machine may make the server late, which is a failure of its own.
      if (row.contains("error_message")) {
        EXPECT_THAT(row["error_message"].get<std::string>(),
                    testing::AnyOf(HasSubstr("server-bound"), HasSubstr("steal")));
        continue;
      }
      EXPECT_THAT(row["label"].get<std::string>(), HasSubstr("a server elsewhere"));
    }
  }
}

TEST(client_rows, server_that_does_not_respond_is_one_line) {
  const auto run = bench("--server http://127.0.0.1:1 --client x=sh");
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(std::ranges::count(run.errors, '\n'), 1) << run.errors;
  EXPECT_THAT(run.errors, HasSubstr("http://127.0.0.1:1"));
}

}  // namespace
}  // namespace farebench
