#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lib/system/build_identity.hpp"
#include "lib/system/child_process.hpp"
#include "mock_server/faults/fault_plan.hpp"
#include "mock_server/server_stats.hpp"
#include "tests/mock_server/raw_client.hpp"
#include "tests/mock_server/samples.hpp"
#include "tests/support/run_command.hpp"
#include "tests/support/waiting.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

child_process start_server(std::vector<std::string> arguments) {
  return child_process{{.executable = mock_server_program, .arguments = std::move(arguments)}};
}

std::uint16_t port_of(child_process& server) {
  const auto ready = server.read_line(test::hang_deadline);
  EXPECT_THAT(ready.line, MatchesRegex("listening on 127\\.0\\.0\\.[12]:[0-9]+"));
  return static_cast<std::uint16_t>(std::stoi(ready.line.substr(ready.line.rfind(':') + 1)));
}

/// Runs the program until it ends, with arguments in shell syntax. The shell runs `limits` before.
test::finished_command run_server(const std::string& arguments, const std::string& limits = ":") {
  return test::run_command(limits + "; exec " + mock_server_program.string() + " " + arguments);
}

/// Limits the address space to the program and some of its threads, whose stacks are 8 MiB each.
const std::string few_threads = "ulimit -s 8192; ulimit -v 400000";

TEST(mock_server_program, server_is_ready_when_it_prints_its_address) {
  child_process server = start_server({"--port", "0", "--latency", "1ms", "--page-kb", "3"});
  raw_client raw{port_of(server)};
  raw.send(plain_start_request);
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(mock_server_program, signal_ends_server_despite_pending_response) {
  for (const engine_kind engine : engine_kinds) {
    for (const int number : {SIGINT, SIGTERM}) {
      child_process server = start_server({"--latency", "1000s", "--engine", std::string{to_string(engine)}});
      raw_client raw{port_of(server)};
      raw.send(plain_start_request);
      ::kill(server.pid(), number);
      const auto wait_status = server.wait(test::hang_deadline);
      ASSERT_TRUE(wait_status);
      EXPECT_TRUE(WIFEXITED(*wait_status));
      EXPECT_EQ(WEXITSTATUS(*wait_status), 0);
    }
  }
}

TEST(mock_server_program, killed_parent_ends_the_server) {
  // The server keeps the shell's output open until it ends.
  child_process shell{
      {.executable = "/bin/sh", .arguments = {"-c", mock_server_program.string() + " & wait"}}};
  port_of(shell);
  ::kill(shell.pid(), SIGKILL);
  EXPECT_EQ(shell.read_line(test::hang_deadline).status, child_process::read_status::end_of_file);
}

TEST(mock_server_program, invalid_flags_give_one_line_and_exit_2) {
  const std::pair<const char*, const char*> cases[] = {
      {"--page-kb 1", "--page-kb"},
      {"--page-kb 4097", "--page-kb"},
      {"--page-kb many", "--page-kb"},
      {"--page-kb 20B", "from 2 to 4096 KiB"},
      {"--latency 20", "write 20ms or 20s"},
      {"--latency -1ms", "negative"},
      {"--latency uniform:3ms-1ms", "ends before it starts"},
      {"--latency gamma:3ms", "unknown distribution"},
      {"--seed -1", "--seed"},
      {"--faults reset:2%", "no fault 'reset'; valid names are refuse, never_answer, "},
      {"--faults refuse:1%,rest_mid_body:2%", "did you mean reset_mid_body?"},
      {"--faults refuse:60%,huge_body:41%", "101% together"},
      {"--faults ''", "no fault ''"},
      {"--faults refuse:2% --engine cpp-httplib", "cpp-httplib has neither faults nor their log"},
      {"--fault-log x --engine cpp-httplib", "cpp-httplib has neither faults nor their log"},
      {"--fault-log ''", "--fault-log: name a file"},
      {"--faults-until 3", "no --faults to end"},
      {"--faults refuse:2% --faults-until 0", "--faults-until"},
      {"--engine nginx", "--engine"},
      {"--engine beats", "choose cpp-httplib or beast; did you mean beast?"},
      {"--lateny 1ms", "--lateny: unknown flag; did you mean --latency?"},
      {"--connections 0", "--connections"},
      {"--connections 257 --engine cpp-httplib", "--connections"},
      {"--port 65536", "--port"},
      {"--port -1", "--port"},
      {"--host example", "'example' is not an IPv4 address"},
      {"--host 0.0.0.0", "--listen-publicly"},
      {"--listen-publicly", "--host"},
      {"--colour", "--colour"},
      {"extra", "extra"},
  };
  for (const auto& [arguments, reason] : cases) {
    const auto run = run_server(arguments);
    EXPECT_EQ(run.exit_code, 2) << arguments;
    EXPECT_EQ(run.output, "") << arguments;
    EXPECT_THAT(run.errors, StartsWith("mock_server: "));
    EXPECT_THAT(run.errors, HasSubstr(reason)) << arguments;
    EXPECT_EQ(run.errors.find('\n'), run.errors.size() - 1) << "not one line: " << run.errors;
  }
}

TEST(mock_server_program, port_in_use_gives_one_line_and_exit_1) {
  child_process server = start_server({});
  const std::string port = std::to_string(port_of(server));
  const auto run = run_server("--port " + port);
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.errors, "mock_server: bind 127.0.0.1:" + port + ": Address already in use\n");
}

TEST(mock_server_program, refused_thread_gives_one_line_and_exit_1) {
  if (!this_build().sanitizers.empty()) GTEST_SKIP() << "sanitizers need more address space";
  const auto run = run_server("--engine cpp-httplib", few_threads);
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.errors,
              MatchesRegex("mock_server: thread [0-9]+ of 264 of the cpp-httplib engine could not be "
                           "started \\(lower --connections, use --engine beast, or raise the "
                           "limits\\): Resource temporarily unavailable\n"));
}

TEST(mock_server_program, fewer_connections_need_fewer_threads) {
  if (!this_build().sanitizers.empty()) GTEST_SKIP() << "sanitizers need more address space";
  child_process server{{.executable = "/bin/sh",
                        .arguments = {"-c", few_threads + "; exec " + mock_server_program.string() +
                                                " --engine cpp-httplib --connections 2"}}};
  raw_client raw{port_of(server)};
  raw.send(plain_start_request);
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(mock_server_program, unwritable_fault_log_gives_one_line_and_exit_1) {
  const auto run = run_server("--faults refuse:1% --fault-log /nonexistent/folder/log");
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.errors, "mock_server: fault log: open /nonexistent/folder/log: No such file or directory\n");
}

TEST(mock_server_program, faults_flag_needs_no_engine_flag) {
  child_process server = start_server({"--faults", "http09_junk:100%", "--seed", "7"});
  raw_client raw{port_of(server)};
  raw.send(plain_start_request);
  EXPECT_THAT(raw.receive_all(), StartsWith("<!DOCTYPE html>"));
}

TEST(mock_server_program, help_lists_all_faults) {
  const auto run = run_server("--help");
  for (const fault_description& fault : fault_table) EXPECT_THAT(run.output, HasSubstr(fault.meaning));
}

// 192.0.2.1 is for documentation (RFC 5737). No machine has it, so the server warns but does not listen.
TEST(mock_server_program, public_host_warns_of_its_engine) {
  constexpr const char* flaw = "cpp-httplib has known, unfixed vulnerabilities";
  for (const engine_kind engine : engine_kinds) {
    const auto run =
        run_server("--host 192.0.2.1 --listen-publicly --engine " + std::string{to_string(engine)});
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_THAT(run.errors, StartsWith("mock_server: WARNING: other machines can reach 192.0.2.1"));
    EXPECT_THAT(run.errors, HasSubstr("bind 192.0.2.1:0: Cannot assign requested address"));
    EXPECT_EQ(run.errors.find(flaw) != std::string::npos, engine == engine_kind::cpp_httplib) << run.errors;
  }
}

TEST(mock_server_program, host_flag_selects_the_loopback_address) {
  child_process server = start_server({"--host", "127.0.0.2"});
  EXPECT_GT(port_of(server), 0);
}

TEST(mock_server_program, help_begins_with_examples) {
  const auto run = run_server("--help");
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.output, StartsWith("Examples:"));
  EXPECT_THAT(run.output, HasSubstr("--listen-publicly"));
}

TEST(mock_server_program, version_is_one_line_for_people) {
  const auto run = run_server("--version");
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.output, MatchesRegex("farebench [0-9.]+ \\(commit [^\n]*\\)\n"));
}

TEST(mock_server_program, build_report_is_one_line_of_json) {
  const auto run = run_server("--build-report");
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.output.find('\n'), run.output.size() - 1);
  const auto report = nlohmann::json::parse(run.output);
  EXPECT_EQ(report.at("program"), "mock_server");
  EXPECT_EQ(report.at("engine"), "beast");
  EXPECT_EQ(report.at("dirty").is_boolean(), report.at("commit_error") == "");
  for (const char* name : {"version", "commit", "build_type", "compiler", "flags", "sanitizers"}) {
    EXPECT_TRUE(report.at(name).is_string()) << name;
  }
  for (const char* library : {"cpp-httplib", "boost"}) {
    EXPECT_THAT(report.at("libraries").at(library).get<std::string>(),
                MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  }
}

}  // namespace
}  // namespace farebench
