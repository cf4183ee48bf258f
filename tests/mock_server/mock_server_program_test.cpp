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
#include "tests/mock_server/engines/raw_client.hpp"
#include "tests/mock_server/mock_server_program.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

child_process start(std::vector<std::string> arguments) {
  return child_process{{.executable = program, .arguments = std::move(arguments)}};
}

std::uint16_t port_of(child_process& server) {
  const auto ready = server.read_line(plenty);
  EXPECT_THAT(ready.line, MatchesRegex("listening on 127\\.0\\.0\\.[12]:[0-9]+"));
  return static_cast<std::uint16_t>(std::stoi(ready.line.substr(ready.line.rfind(':') + 1)));
}

struct ending {
  int exit_code;
  std::string said;  // on standard output and standard error together
};

// Runs the program to its end, within a shell, so that its standard error is read too. The shell runs
// `limits` before.
ending run_limited(const std::string& limits, const std::string& arguments) {
  child_process child{
      {.executable = "/bin/sh",
       .arguments = {"-c", limits + "; exec " + program.string() + " " + arguments + " 2>&1"}}};
  ending end{-1, {}};
  for (;;) {
    const auto got = child.read_line(plenty);
    if (got.status != child_process::read_status::line) break;
    end.said += got.line + "\n";
  }
  const auto ended = child.wait(plenty);
  if (ended && WIFEXITED(*ended)) end.exit_code = WEXITSTATUS(*ended);
  return end;
}

ending run(const std::string& arguments) { return run_limited(":", arguments); }

TEST(mock_server_program, is_ready_when_it_says_where_it_listens) {
  child_process server = start({"--port", "0", "--latency", "1ms", "--page-kb", "3"});
  raw_client raw{port_of(server)};
  raw.send("GET /m/ HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(mock_server_program, ends_cleanly_on_sigint_and_sigterm_even_with_a_response_under_way) {
  for (const engine_kind engine : engine_kinds) {
    for (const int number : {SIGINT, SIGTERM}) {
      child_process server = start({"--latency", "1000s", "--engine", std::string{to_string(engine)}});
      raw_client raw{port_of(server)};
      raw.send("GET /m/ HTTP/1.1\r\nHost: x\r\n\r\n");
      ::kill(server.pid(), number);
      const auto ended = server.wait(plenty);
      ASSERT_TRUE(ended);
      EXPECT_TRUE(WIFEXITED(*ended));
      EXPECT_EQ(WEXITSTATUS(*ended), 0);
    }
  }
}

TEST(mock_server_program, ends_when_the_process_that_started_it_is_killed) {
  // The shell starts the server; the server holds the shell's output open, whose end tells that it ended.
  child_process shell{{.executable = "/bin/sh", .arguments = {"-c", program.string() + " & wait"}}};
  port_of(shell);
  ::kill(shell.pid(), SIGKILL);
  EXPECT_EQ(shell.read_line(plenty).status, child_process::read_status::end_of_file);
}

TEST(mock_server_program, refuses_bad_flags_with_one_line_that_says_what_is_wrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"--page-kb 1", "--page-kb"},
      {"--page-kb 4097", "--page-kb"},
      {"--page-kb many", "--page-kb"},
      {"--latency 20", "20ms"},
      {"--latency -1ms", "negative"},
      {"--latency uniform:3ms-1ms", "ends before it starts"},
      {"--latency gamma:3ms", "unknown distribution"},
      {"--seed -1", "--seed"},
      {"--faults reset:2%", "no fault 'reset'; valid names are refuse, never_answer, "},
      {"--faults refuse:60%,huge_body:41%", "101% together"},
      {"--faults ''", "no fault ''"},
      {"--faults refuse:2% --engine cpp-httplib", "cpp-httplib has neither faults nor their log"},
      {"--fault-log x --engine cpp-httplib", "cpp-httplib has neither faults nor their log"},
      {"--fault-log ''", "--fault-log: name a file"},
      {"--faults-until 3", "no --faults to end"},
      {"--faults refuse:2% --faults-until 0", "--faults-until"},
      {"--engine nginx", "--engine"},
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
    const ending end = run(arguments);
    EXPECT_EQ(end.exit_code, 2) << arguments;
    EXPECT_THAT(end.said, StartsWith("mock_server: "));
    EXPECT_THAT(end.said, HasSubstr(reason)) << arguments;
    EXPECT_EQ(end.said.find('\n'), end.said.size() - 1) << "not one line: " << end.said;
  }
}

TEST(mock_server_program, refuses_a_port_in_use_with_one_line) {
  child_process server = start({});
  const std::string port = std::to_string(port_of(server));
  const ending end = run("--port " + port);
  EXPECT_EQ(end.exit_code, 1);
  EXPECT_EQ(end.said, "mock_server: bind 127.0.0.1:" + port + ": Address already in use\n");
}

TEST(mock_server_program, a_refused_thread_is_one_line_and_code_1) {
  if (!this_build().sanitizers.empty()) GTEST_SKIP() << "sanitizers need the whole address space";
  // Room for the program and some of the threads, whose stacks are 8 MiB each.
  const ending end = run_limited("ulimit -s 8192; ulimit -v 400000", "--engine cpp-httplib");
  EXPECT_EQ(end.exit_code, 1);
  EXPECT_THAT(end.said,
              MatchesRegex("mock_server: thread [0-9]+ of 264 of the cpp-httplib engine could not be "
                           "started \\(lower --connections, use --engine beast, or raise the "
                           "limits\\): Resource temporarily unavailable\n"));
}

TEST(mock_server_program, fewer_connections_need_fewer_threads) {
  if (!this_build().sanitizers.empty()) GTEST_SKIP() << "sanitizers need the whole address space";
  child_process server{{.executable = "/bin/sh",
                        .arguments = {"-c", "ulimit -s 8192; ulimit -v 400000; exec " + program.string() +
                                                " --engine cpp-httplib --connections 2"}}};
  raw_client raw{port_of(server)};
  raw.send("GET /m/ HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(mock_server_program, refuses_a_fault_log_that_it_cannot_write_with_one_line) {
  const ending end = run("--faults refuse:1% --fault-log /nonexistent/folder/log");
  EXPECT_EQ(end.exit_code, 1);
  EXPECT_EQ(end.said, "mock_server: fault log: open /nonexistent/folder/log: No such file or directory\n");
}

TEST(mock_server_program, has_faults_without_being_told_which_engine_has_them) {
  child_process server = start({"--faults", "http09_junk:100%", "--seed", "7"});
  raw_client raw{port_of(server)};
  raw.send("GET /m/ HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(raw.receive_all(), StartsWith("<!DOCTYPE html>"));
}

TEST(mock_server_program, lists_its_faults) {
  const ending end = run("--help");
  for (const fault_description& one : fault_table) EXPECT_THAT(end.said, HasSubstr(one.meaning));
}

TEST(mock_server_program, listens_on_the_loopback_address_that_it_is_given) {
  child_process server = start({"--host", "127.0.0.2"});
  EXPECT_GT(port_of(server), 0);
}

TEST(mock_server_program, shows_examples_first) {
  const ending end = run("--help");
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_THAT(end.said, StartsWith("Examples:"));
  EXPECT_THAT(end.said, HasSubstr("--listen-publicly"));
}

TEST(mock_server_program, describes_its_build_on_one_line_of_json) {
  const ending end = run("--version");
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_EQ(end.said.find('\n'), end.said.size() - 1);
  const auto report = nlohmann::json::parse(end.said);
  EXPECT_EQ(report.at("program"), "mock_server");
  EXPECT_EQ(report.at("engine"), "beast");
  EXPECT_TRUE(report.at("dirty").is_boolean());
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
