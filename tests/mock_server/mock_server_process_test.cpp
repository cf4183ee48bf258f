#include "mock_server/mock_server_process.hpp"

#include <gmock/gmock.h>
#include <httplib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "lib/system/child_process.hpp"
#include "mock_server/latency/latency_model.hpp"
#include "mock_server/site/timetable.hpp"
#include "tests/mock_server/engines/raw_client.hpp"
#include "tests/mock_server/faults/faulty_site.hpp"
#include "tests/mock_server/mock_server_program.hpp"
#include "tests/mock_server/site/libxml2_fares.hpp"
#include "tests/mock_server/site/queries.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

TEST(mock_server_process, serves_the_timetable_over_real_http) {
  const mock_server_process server{{.latency = 1500us, .page_kb = 5, .executable = program}};
  EXPECT_THAT(server.url(), StartsWith("http://127.0.0.1:"));
  httplib::Client http{server.url()};
  http.set_keep_alive(true);
  for (int day = 0; day < 10; ++day) {
    const std::string set = http.Get("/m/")->get_header_value("Set-Cookie");
    const std::string departure = "departure=" + (day < 9 ? "0" + std::to_string(day + 1) : "10") + ".01.26";
    const auto found = http.Post(
        "/m/?0-1.IFormSubmitListener-searchForm-form", {{"Cookie", set.substr(0, set.find(';'))}},
        "fromStation=ID10202003&toStation=ID10202002&" + departure, "application/x-www-form-urlencoded");
    ASSERT_TRUE(found);
    ASSERT_EQ(found->status, 200);
    EXPECT_EQ(libxml2_fares(found->body), timetable(query_on_day(day), 5));
  }
  const server_stats stats = server.stats();
  EXPECT_EQ(stats.engine, "beast");
  EXPECT_EQ(stats.requests, 20u);
  EXPECT_EQ(stats.sessions, 10u);
  EXPECT_EQ(stats.in_flight_peak, 1u);
  EXPECT_EQ(stats.connections_accepted, 2u) << "the connection of the client, and that of stats()";
  EXPECT_EQ(server.stats().connections_accepted, 3u);
}

// Workloads of 10,000 workers rely on it. The clients are in this process, so it raises the usual limit of
// 1,024 open files.
TEST(mock_server_process, event_engine_holds_2000_requests_in_flight) {
  constexpr std::size_t connections = 2'000;
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  if (files.rlim_max < connections + 100) GTEST_SKIP() << "only " << files.rlim_max << " files may be open";
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);

  // Far longer than it takes to send all requests.
  const mock_server_process server{{.latency = 10s, .engine = engine_kind::beast, .executable = program}};
  const auto port = server.port();
  std::vector<raw_client> clients;
  clients.reserve(connections);
  for (std::size_t i = 0; i < connections; ++i) clients.emplace_back(port);
  for (raw_client& client : clients) client.send("GET /m/ HTTP/1.1\r\nHost: x\r\n\r\n");
  for (raw_client& client : clients)
    ASSERT_THAT(client.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));

  const server_stats stats = server.stats();
  EXPECT_EQ(stats.engine, "beast");
  EXPECT_EQ(stats.in_flight_peak, connections);
  EXPECT_EQ(stats.requests, connections);
  EXPECT_EQ(stats.connections_accepted, connections + 1);
  EXPECT_EQ(stats.listen_drops, 0u);
}

TEST(mock_server_process, passes_the_latency_and_its_seed_on) {
  const latency_model model = latency_model::lognormal(5ms, 10s);
  std::uint64_t seed = 0;
  while (start_latency(model, seed, 0) < 150ms || start_latency(model, seed, 0) > 400ms) ++seed;
  const mock_server_process server{{.latency = model, .seed = seed, .executable = program}};
  httplib::Client http{server.url()};
  const auto began = std::chrono::steady_clock::now();
  ASSERT_EQ(http.Get("/m/")->status, 200);
  EXPECT_GE(std::chrono::steady_clock::now() - began, start_latency(model, seed, 0));
}

TEST(mock_server_process, is_gone_after_stop) {
  mock_server_process server{{.executable = program}};
  server.stop();
  EXPECT_THROW(server.stats(), std::runtime_error);
  server.stop();
}

class restarted_server : public testing::TestWithParam<engine_kind> {};
INSTANTIATE_TEST_SUITE_P(, restarted_server, testing::ValuesIn(engine_kinds), [](const auto& engine) {
  return engine.param == engine_kind::beast ? std::string{"beast"} : std::string{"cpp_httplib"};
});

// A client whose server is killed loses its connection and is refused. After the restart it finds the same
// site without its session.
TEST_P(restarted_server, is_the_same_but_for_its_sessions) {
  mock_server_process server{{.page_kb = 5, .engine = GetParam(), .executable = program}};
  const std::string url = server.url();
  const auto port = server.port();
  const std::string session = faulty_site::session_in([&] {
    raw_client raw{port};
    raw.send(faulty_site::start_request(0, 0));
    return raw.receive_response();
  }());
  raw_client connected{port};
  for (int life = 0; life < 3; ++life) {
    connected.send("GET /m/ HTT");
    server.kill();
    connected.receive_all();
    EXPECT_THROW(raw_client{port}, std::system_error);
    EXPECT_THROW(server.stats(), std::runtime_error);
    server.restart();
    EXPECT_EQ(server.url(), url);

    connected = raw_client{port};
    connected.send(faulty_site::search_request(0, 0, session));
    EXPECT_THAT(connected.receive_response(), StartsWith("HTTP/1.1 403 "));
    connected.send(faulty_site::start_request(0, 0));
    const std::string fresh = faulty_site::session_in(connected.receive_response());
    connected.send(faulty_site::search_request(0, 0, fresh));
    EXPECT_EQ(libxml2_fares(connected.receive_response()), timetable(query_on_day(0), 5));
  }
}

TEST(mock_server_process, can_be_started_again_after_stop) {
  mock_server_process server{{.executable = program}};
  server.stop();
  server.restart();
  EXPECT_EQ(server.stats().requests, 0u);
}

// A server that is killed has logged all that a client has seen of it.
TEST(mock_server_process, leaves_a_log_of_its_faults_that_outlives_a_kill) {
  const log_file log;
  mock_server_process server{{.seed = 7,
                              .engine = engine_kind::beast,
                              .faults = "status_503:50%,empty_reply:50%",
                              .faults_until = 1,
                              .fault_log = log.path(),
                              .executable = program}};
  const auto port = server.port();
  const auto ask = [&](int day, int attempt) {
    raw_client raw{port};
    raw.send(faulty_site::start_request(day, attempt));
    return raw.receive_response();
  };
  std::size_t request_count = 0;
  for (int life = 0; life < 2; ++life) {
    for (int day = 0; day < 20; ++day, request_count += 2) {
      const std::string first = ask(day, 1);
      EXPECT_EQ(log.lines().size(), request_count + 1);
      EXPECT_THAT(log.lines().back(), HasSubstr(first.empty() ? "empty_reply" : "status_503"));
      EXPECT_THAT(ask(day, 2), StartsWith("HTTP/1.1 200 "));
    }
    server.kill();
    EXPECT_EQ(log.lines().size(), request_count);
    server.restart();
  }
  const auto lines = log.lines();
  EXPECT_TRUE(std::equal(lines.begin(), lines.begin() + 40, lines.begin() + 40)) << "the same seed";
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
  constexpr std::size_t drunk_bytes = 8 << 20;
#if defined(__SANITIZE_ADDRESS__)
  constexpr std::size_t max_held =
      drunk_bytes;  // what is freed is kept for a while, to see who uses it still
#else
  constexpr std::size_t max_held = drunk_bytes / 2;
#endif
  for (const char* fault :
       {"flood_1xx", "header_bomb", "huge_body", "huge_chunked_body", "huge_header_line"}) {
    const mock_server_process server{
        {.engine = engine_kind::beast, .faults = std::string{fault} + ":100%", .executable = program}};
    const auto port = server.port();
    const auto drink = [&](std::size_t bytes) {
      std::vector<raw_client> drinkers;
      for (std::size_t i = 0; i < clients; ++i) {
        drinkers.emplace_back(port);
        drinkers.back().send(faulty_site::start_request(0, 1));
      }
      for (raw_client& drinker : drinkers) EXPECT_GE(drinker.receive_at_least(bytes).size(), bytes) << fault;
    };
    drink(1);
    const std::size_t before = resident_bytes(server.pid());
    drink(drunk_bytes);
    EXPECT_LT(resident_bytes(server.pid()), before + max_held) << fault;
  }
}

TEST(mock_server_process, says_when_its_engine_has_no_faults) {
  EXPECT_THAT(
      [] {
        (mock_server_process{
            {.engine = engine_kind::cpp_httplib, .faults = "refuse:1%", .executable = program}});
      },
      ThrowsMessage<std::runtime_error>(HasSubstr("exit code 2")));
}

TEST(mock_server_process, can_be_moved) {
  mock_server_process first{{.executable = program}};
  mock_server_process second{std::move(first)};
  EXPECT_EQ(second.stats().requests, 0u);
}

TEST(mock_server_process, throws_when_it_cannot_start) {
  EXPECT_THROW((mock_server_process{{.executable = "/nonexistent/mock_server"}}), std::system_error);
}

TEST(mock_server_process, says_how_it_ended_when_it_was_never_ready) {
  EXPECT_THAT(
      [] { (mock_server_process{{.page_kb = 1, .executable = program}}); },
      ThrowsMessage<std::runtime_error>(AllOf(HasSubstr("before it was ready"), HasSubstr("exit code 2"))));
}

TEST(mock_server_process, gives_up_one_that_is_not_ready_in_time) {
  const std::filesystem::path silent =
      std::filesystem::path{testing::TempDir()} / ("silent_server_" + std::to_string(::getpid()));
  std::ofstream{silent} << "#!/bin/sh\nexec sleep 100\n";
  ASSERT_EQ(::chmod(silent.c_str(), 0700), 0);
  EXPECT_THAT([&] { (mock_server_process{{.executable = silent, .start_deadline = 50ms}}); },
              ThrowsMessage<std::runtime_error>(HasSubstr("not ready within 50 ms")));
  std::filesystem::remove(silent);
}

TEST(sibling_path, finds_what_lies_beside_the_running_program) {
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  EXPECT_EQ(sibling_path(self.filename().string()), self);
  EXPECT_THAT([] { sibling_path("no_such_program"); },
              ThrowsMessage<std::runtime_error>(HasSubstr("/no_such_program does not exist")));
}

}  // namespace
}  // namespace farebench
