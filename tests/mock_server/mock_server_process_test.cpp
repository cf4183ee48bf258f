#include "mock_server/mock_server_process.hpp"

#include <gmock/gmock.h>
#include <httplib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "lib/system/child_process.hpp"
#include "mock_server/latency/latency_model.hpp"
#include "mock_server/site/timetable.hpp"
#include "tests/mock_server/faulty_site.hpp"
#include "tests/mock_server/gumbo_fares.hpp"
#include "tests/mock_server/raw_client.hpp"
#include "tests/mock_server/samples.hpp"
#include "tests/support/waiting.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

TEST(mock_server_process, searches_return_the_timetable_over_http) {
  const mock_server_process server{{.latency = 1500us, .page_kb = 5, .executable = mock_server_program}};
  EXPECT_THAT(server.url(), StartsWith("http://127.0.0.1:"));
  httplib::Client http{server.url()};
  http.set_keep_alive(true);
  for (int day = 0; day < 10; ++day) {
    const std::string cookie = session_in(http.Get("/m/")->get_header_value("Set-Cookie"));
    const auto found =
        http.Post(std::string{search_path}, {{"Cookie", cookie}}, form_on_day(day), std::string{form_type});
    ASSERT_TRUE(found);
    ASSERT_EQ(found->status, 200);
    EXPECT_EQ(gumbo_fares(found->body), timetable(query_on_day(day), 5));
  }
  const server_stats stats = server.stats();
  EXPECT_EQ(stats.engine, "beast");
  EXPECT_EQ(stats.requests, 20u);
  EXPECT_EQ(stats.sessions, 10u);
  EXPECT_EQ(stats.in_flight_peak, 1u);
  EXPECT_EQ(stats.connections_accepted, 2u) << "those of the client and of stats()";
  EXPECT_EQ(server.stats().connections_accepted, 3u);
}

// Workloads of 10,000 workers need these. The clients are in this process, hence the limit of open files.

/// Returns true if this process and the server can each open that many connections.
bool allow_connections(std::size_t connections) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_max < connections + 100) return false;
  files.rlim_cur = files.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &files) == 0;
}

std::vector<raw_client> connect_clients(std::uint16_t port, std::size_t connections) {
  std::vector<raw_client> clients;
  clients.reserve(connections);
  for (std::size_t i = 0; i < connections; ++i) clients.emplace_back(port);
  return clients;
}

TEST(mock_server_process, queues_hold_10000_connections_not_yet_accepted) {
  constexpr std::size_t connections = 10'000;
  if (!allow_connections(connections)) GTEST_SKIP() << "the limit of open files is too low";
  const mock_server_process server{{.executable = mock_server_program}};
  ASSERT_EQ(::kill(server.pid(), SIGSTOP), 0);
  const auto clients = connect_clients(server.port(), connections);
  ASSERT_EQ(::kill(server.pid(), SIGCONT), 0);

  // Connections are accepted in portions, so that the first one for /stats may precede some of the others.
  EXPECT_TRUE(test::wait_until([&] { return server.stats().connections_accepted > connections; }));
  EXPECT_EQ(server.stats().listen_drops, 0u);
}

TEST(mock_server_process, beast_engine_holds_2000_requests_in_flight) {
  constexpr std::size_t connections = 2'000;
  if (!allow_connections(connections)) GTEST_SKIP() << "the limit of open files is too low";
  // Far longer than it takes to send all requests.
  const mock_server_process server{
      {.latency = 10s, .engine = engine_kind::beast, .executable = mock_server_program}};
  auto clients = connect_clients(server.port(), connections);
  for (raw_client& client : clients) client.send(plain_start_request);
  for (raw_client& client : clients)
    ASSERT_THAT(client.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));

  const server_stats stats = server.stats();
  EXPECT_EQ(stats.engine, "beast");
  EXPECT_EQ(stats.in_flight_peak, connections);
  EXPECT_EQ(stats.requests, connections);
  EXPECT_EQ(stats.connections_accepted, connections + 1);
  EXPECT_EQ(stats.listen_drops, 0u);
}

TEST(mock_server_process, latency_and_seed_reach_the_server) {
  const latency_model model = latency_model::lognormal(5ms, 10s);
  std::uint64_t seed = 0;
  while (start_latency(model, seed, 0) < 150ms || start_latency(model, seed, 0) > 400ms) ++seed;
  const mock_server_process server{{.latency = model, .seed = seed, .executable = mock_server_program}};
  httplib::Client http{server.url()};
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(http.Get("/m/")->status, 200);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, start_latency(model, seed, 0));
}

TEST(mock_server_process, stopped_server_serves_no_stats) {
  mock_server_process server{{.executable = mock_server_program}};
  server.stop();
  EXPECT_THROW(server.stats(), std::runtime_error);
  server.stop();
}

class restarted_server : public testing::TestWithParam<engine_kind> {};
INSTANTIATE_TEST_SUITE_P(, restarted_server, testing::ValuesIn(engine_kinds), engine_name);

// Killing the server ends its connections and sessions.
TEST_P(restarted_server, restart_keeps_port_and_fares_but_no_session) {
  mock_server_process server{{.page_kb = 5, .engine = GetParam(), .executable = mock_server_program}};
  const std::string url = server.url();
  const auto port = server.port();
  const std::string session = session_in([&] {
    raw_client raw{port};
    raw.send(start_request(0, 0));
    return raw.receive_response();
  }());
  raw_client client{port};
  for (int restart = 0; restart < 3; ++restart) {
    client.send("GET /m/ HTT");
    server.kill();
    client.receive_all();
    EXPECT_THROW(raw_client{port}, std::system_error);
    EXPECT_THROW(server.stats(), std::runtime_error);
    server.restart();
    EXPECT_EQ(server.url(), url);

    client = raw_client{port};
    client.send(search_request(0, 0, session));
    EXPECT_THAT(client.receive_response(), StartsWith("HTTP/1.1 403 "));
    client.send(start_request(0, 0));
    const std::string fresh = session_in(client.receive_response());
    client.send(search_request(0, 0, fresh));
    EXPECT_EQ(gumbo_fares(client.receive_response()), timetable(query_on_day(0), 5));
  }
}

TEST(mock_server_process, stopped_server_can_restart) {
  mock_server_process server{{.executable = mock_server_program}};
  server.stop();
  server.restart();
  EXPECT_EQ(server.stats().requests, 0u);
}

TEST(mock_server_process, killed_server_leaves_a_complete_fault_log) {
  const log_file log;
  mock_server_process server{{.seed = 7,
                              .engine = engine_kind::beast,
                              .faults = "status_503:50%,empty_reply:50%",
                              .faults_until = 1,
                              .fault_log = log.path(),
                              .executable = mock_server_program}};
  const auto port = server.port();
  const auto response_to_start = [&](int day, int attempt) {
    raw_client raw{port};
    raw.send(start_request(day, attempt));
    return raw.receive_response();
  };
  std::size_t request_count = 0;
  for (int restart = 0; restart < 2; ++restart) {
    for (int day = 0; day < 20; ++day, request_count += 2) {
      const std::string first = response_to_start(day, 1);
      EXPECT_EQ(log.lines().size(), request_count + 1);
      EXPECT_THAT(log.lines().back(), HasSubstr(first.empty() ? "empty_reply" : "status_503"));
      EXPECT_THAT(response_to_start(day, 2), StartsWith("HTTP/1.1 200 "));
    }
    server.kill();
    EXPECT_EQ(log.lines().size(), request_count);
    server.restart();
  }
  const auto lines = log.lines();
  EXPECT_TRUE(std::equal(lines.begin(), lines.begin() + 40, lines.begin() + 40)) << "the seed is the same";
}

std::size_t resident_bytes(pid_t process) {
  std::ifstream file{"/proc/" + std::to_string(process) + "/statm"};
  std::size_t mapped = 0;
  std::size_t resident = 0;
  file >> mapped >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST(mock_server_process, endless_responses_take_little_memory) {
  constexpr std::size_t clients = 10;
  constexpr std::size_t read_bytes = 8 << 20;
#if defined(__SANITIZE_ADDRESS__)
  // AddressSanitizer keeps freed memory for a while.
  constexpr std::size_t max_growth = read_bytes;
#else
  constexpr std::size_t max_growth = read_bytes / 2;
#endif
  for (const char* fault :
       {"flood_1xx", "header_bomb", "huge_body", "huge_chunked_body", "huge_header_line"}) {
    const mock_server_process server{{.engine = engine_kind::beast,
                                      .faults = std::string{fault} + ":100%",
                                      .executable = mock_server_program}};
    const auto port = server.port();
    const auto read_from_each = [&](std::size_t bytes) {
      std::vector<raw_client> readers;
      for (std::size_t i = 0; i < clients; ++i) {
        readers.emplace_back(port);
        readers.back().send(start_request(0, 1));
      }
      for (raw_client& reader : readers) EXPECT_GE(reader.receive_at_least(bytes).size(), bytes) << fault;
    };
    read_from_each(1);
    const std::size_t before = resident_bytes(server.pid());
    read_from_each(read_bytes);
    EXPECT_LT(resident_bytes(server.pid()), before + max_growth) << fault;
  }
}

TEST(mock_server_process, faults_of_httplib_engine_throw) {
  EXPECT_THAT(
      [] {
        (mock_server_process{
            {.engine = engine_kind::cpp_httplib, .faults = "refuse:1%", .executable = mock_server_program}});
      },
      ThrowsMessage<std::runtime_error>(HasSubstr("exit code 2")));
}

TEST(mock_server_process, moved_process_serves_stats) {
  mock_server_process first{{.executable = mock_server_program}};
  mock_server_process second{std::move(first)};
  EXPECT_EQ(second.stats().requests, 0u);
}

TEST(mock_server_process, missing_executable_throws) {
  EXPECT_THROW((mock_server_process{{.executable = "/nonexistent/mock_server"}}), std::system_error);
}

TEST(mock_server_process, early_exit_reports_exit_code) {
  EXPECT_THAT(
      [] { (mock_server_process{{.page_kb = 1, .executable = mock_server_program}}); },
      ThrowsMessage<std::runtime_error>(AllOf(HasSubstr("before it was ready"), HasSubstr("exit code 2"))));
}

TEST(mock_server_process, passed_start_deadline_throws) {
  const std::filesystem::path silent =
      std::filesystem::path{testing::TempDir()} / ("silent_server_" + std::to_string(::getpid()));
  std::ofstream{silent} << "#!/bin/sh\nexec sleep 100\n";
  ASSERT_EQ(::chmod(silent.c_str(), 0700), 0);
  EXPECT_THAT([&] { (mock_server_process{{.executable = silent, .start_deadline = 50ms}}); },
              ThrowsMessage<std::runtime_error>(HasSubstr("not ready within 50 ms")));
  std::filesystem::remove(silent);
}

TEST(sibling_path, sibling_is_found_beside_the_running_program) {
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  EXPECT_EQ(sibling_path(self.filename().string()), self);
  EXPECT_THAT([] { sibling_path("no_such_program"); },
              ThrowsMessage<std::runtime_error>(HasSubstr("/no_such_program does not exist")));
}

}  // namespace
}  // namespace farebench
