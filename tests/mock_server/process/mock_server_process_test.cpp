#include "mock_server/process/mock_server_process.hpp"

#include <gmock/gmock.h>
#include <httplib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "mock_server/latency/scrape_latencies.hpp"
#include "mock_server/process/sibling.hpp"
#include "mock_server/site/timetable.hpp"
#include "tests/mock_server/engine/raw_client.hpp"
#include "tests/mock_server/site/libxml2_fares.hpp"
#include "tests/mock_server/site/queries.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

const std::filesystem::path program = std::filesystem::path{FAREBENCH_BIN_DIR} / "mock_server";

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
  EXPECT_EQ(stats.engine, "cpp-httplib");
  EXPECT_EQ(stats.requests, 20u);
  EXPECT_EQ(stats.sessions, 10u);
  EXPECT_EQ(stats.in_flight_peak, 1u);
  EXPECT_EQ(stats.connections_accepted, 2u) << "one of the client's, one that asked for this";
  EXPECT_EQ(server.stats().connections_accepted, 3u);
}

// What a workload of 10,000 rests on. The clients are in this process, so it asks for more files than the
// usual 1,024.
TEST(mock_server_process, holds_thousands_of_requests_in_flight_with_the_event_engine) {
  constexpr std::size_t connections = 2'000;
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  if (files.rlim_max < connections + 100) GTEST_SKIP() << "only " << files.rlim_max << " files may be open";
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);

  const mock_server_process server{{.latency = 300ms, .engine = engine_kind::beast, .executable = program}};
  const auto port = static_cast<std::uint16_t>(std::stoi(server.url().substr(server.url().rfind(':') + 1)));
  std::vector<raw_client> clients;
  for (std::size_t i = 0; i < connections; ++i) clients.emplace_back(port);
  for (auto& one : clients) one.send("GET /m/ HTTP/1.1\r\nHost: x\r\n\r\n");
  for (auto& one : clients) ASSERT_THAT(one.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));

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
  const auto asked = std::chrono::steady_clock::now();
  ASSERT_EQ(http.Get("/m/")->status, 200);
  EXPECT_GE(std::chrono::steady_clock::now() - asked, start_latency(model, seed, 0));
}

TEST(mock_server_process, is_gone_after_stop) {
  mock_server_process server{{.executable = program}};
  server.stop();
  EXPECT_THROW(server.stats(), std::runtime_error);
  server.stop();
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
              ThrowsMessage<std::runtime_error>(HasSubstr("/no_such_program is not there")));
}

}  // namespace
}  // namespace farebench
