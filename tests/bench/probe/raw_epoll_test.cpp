// Contract of the floor, as of every strategy: the same fares and bodies, one outcome per item, the
// connections that the batch asks for.

#include "bench/probe/raw_epoll.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "bench/probe/get_task.hpp"
#include "mock_server/site/numbered_page.hpp"
#include "mock_server/site/timetable.hpp"
#include "tests/contract/every_strategy.hpp"
#include "tests/contract/sites.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench::test {
namespace {

using namespace std::chrono_literals;

batch pages_at(const std::string& url, std::size_t size, std::size_t workers) {
  auto work = days_at(url, size, workers);
  work.query_at = nullptr;
  work.pages.path_at = path_of_page;
  return work;
}

/// Runs a batch of pages. Returns their bodies.
std::vector<std::string> run_pages(batch work, collected_outcomes& outcomes) {
  std::vector<std::string> bodies(work.size);
  work.pages.on_body = [&](std::size_t index, std::string_view chunk) { bodies[index] += chunk; };
  raw_epoll{}.run(work, outcomes.sink());
  return bodies;
}

class raw_epoll_with : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(workers, raw_epoll_with, testing::Values(1, 7, 100));

TEST_P(raw_epoll_with, each_query_gives_its_fares_once) {
  const std::size_t workers = GetParam();
  const std::size_t days = 2 * workers + 3;
  for (const std::size_t page_kb : {3u, 94u}) {
    const auto site = start_site(2ms, page_kb);
    collected_outcomes outcomes;
    raw_epoll{}.run(days_at(site.url(), days, workers), outcomes.sink());
    ASSERT_EQ(outcomes.size(), days);
    for (std::size_t i = 0; i < days; ++i) {
      ASSERT_TRUE(outcomes.at(i)) << "day " << i << ": " << describe(outcomes.at(i).error());
      EXPECT_EQ(*outcomes.at(i), timetable(day(i), page_kb)) << "day " << i;
    }
    const auto stats = site.stats();
    EXPECT_EQ(stats.requests, 2 * days);
    EXPECT_EQ(stats.sessions, days);
    EXPECT_LE(stats.in_flight_peak, workers);
    EXPECT_EQ(stats.connections_accepted - 1, workers) << "without that of stats()";
  }
}

TEST_P(raw_epoll_with, each_page_gives_its_body_once) {
  const std::size_t workers = GetParam();
  const std::size_t size = 2 * workers + 3;
  for (const std::size_t page_kb : {3u, 94u}) {
    const auto site = start_site(2ms, page_kb);
    collected_outcomes outcomes;
    const auto bodies = run_pages(pages_at(site.url(), size, workers), outcomes);
    ASSERT_EQ(outcomes.size(), size);
    for (std::size_t i = 0; i < size; ++i) {
      ASSERT_TRUE(outcomes.at(i)) << i << ": " << describe(outcomes.at(i).error());
      EXPECT_TRUE(outcomes.at(i)->empty());
      EXPECT_EQ(bodies[i], page_body(static_cast<std::uint32_t>(i), page_kb)) << i;
    }
    const auto stats = site.stats();
    EXPECT_EQ(stats.requests, size);
    EXPECT_EQ(stats.connections_accepted - 1, workers) << "without that of stats()";
  }
}

TEST_P(raw_epoll_with, fresh_mode_opens_a_connection_per_item) {
  const std::size_t workers = GetParam();
  const std::size_t size = 2 * workers + 3;
  for (auto work : {days_at({}, size, workers), pages_at({}, size, workers)}) {
    const auto site = start_site(2ms);
    work.base_url = site.url();
    work.connections = connection_mode::fresh;
    collected_outcomes outcomes;
    raw_epoll{}.run(work, outcomes.sink());
    ASSERT_EQ(outcomes.size(), size);
    for (std::size_t i = 0; i < size; ++i) EXPECT_TRUE(outcomes.at(i)) << i;
    const auto stats = site.stats();
    EXPECT_LE(stats.in_flight_peak, workers);
    EXPECT_EQ(stats.connections_accepted - 1, size) << "without that of stats()";
  }
}

TEST(raw_epoll, fresh_connection_ends_before_the_next_begins) {
  stub_server* site = nullptr;
  stub_server server{[&](const std::string&) {
    EXPECT_TRUE(wait_until([&] { return site->open_connections() <= 3; }));
    return stub_response{.bytes = http_response(200, "", "body")};
  }};
  site = &server;
  auto work = pages_at(server.url(), 20, 3);
  work.connections = connection_mode::fresh;
  collected_outcomes outcomes;
  EXPECT_THAT(run_pages(work, outcomes), testing::Each("body"));
  EXPECT_EQ(server.accepted_connections(), 20u);
}

TEST(raw_epoll, failed_pages_do_not_affect_other_pages) {
  using enum fetch_error_kind;
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  const std::vector<std::pair<stub_response, fetch_error_kind>> faults{
      {{.bytes = http_response(404, "", "no such page")}, unexpected_status},
      {{.bytes = http_response(500, "", "")}, unexpected_status},
      {{.bytes = head + "body", .close_after = true}, connection_lost},
      {{.bytes = head + "body", .reset_after = true}, connection_lost},
      {{.bytes = head + "bodies"}, bad_response}};
  // Every second page fails.
  const stub_server site{[&](const std::string& request) {
    for (std::size_t i = 0; i < faults.size(); ++i) {
      if (request.starts_with("GET " + path_of_page(2 * i) + " ")) return faults[i].first;
    }
    return stub_response{.bytes = http_response(200, "", "body")};
  }};
  collected_outcomes outcomes;
  const auto bodies = run_pages(pages_at(site.url(), 10, 2), outcomes);
  ASSERT_EQ(outcomes.size(), 10u);
  for (std::size_t i = 0; i < 10; ++i) {
    if (i % 2 == 0) {
      ASSERT_FALSE(outcomes.at(i)) << i;
      EXPECT_EQ(outcomes.at(i).error().kind, faults[i / 2].second) << describe(outcomes.at(i).error());
    } else {
      EXPECT_TRUE(outcomes.at(i)) << describe(outcomes.at(i).error());
      EXPECT_EQ(bodies[i], "body");
    }
  }
}

TEST_P(raw_epoll_with, server_stopped_midway_gives_one_outcome_per_query) {
  const std::size_t workers = GetParam();
  auto site = start_site(50ms);
  collected_outcomes outcomes;
  auto collect = outcomes.sink();
  raw_epoll{}.run(days_at(site.url(), 3 * workers, workers), [&](std::size_t index, outcome&& result) {
    collect(index, std::move(result));
    if (outcomes.size() == 1) site.stop();
  });
  ASSERT_EQ(outcomes.size(), 3 * workers);
  std::size_t failed = 0;
  for (const auto& [index, result] : outcomes.by_index()) {
    if (result) continue;
    ++failed;
    EXPECT_THAT(result.error().kind,
                testing::AnyOf(fetch_error_kind::connection_lost, fetch_error_kind::connect_failed))
        << describe(result.error());
  }
  EXPECT_GE(failed, workers);
}

/// Runs a small batch, of which every day must fail with this kind of error.
void expect_every_day_fails(const std::string& url, fetch_error_kind kind, fetch_limits limits = {},
                            std::size_t workers = 2) {
  auto work = days_at(url, 5, workers);
  work.policy.exchange = limits;
  collected_outcomes outcomes;
  raw_epoll{}.run(work, outcomes.sink());
  ASSERT_EQ(outcomes.size(), 5u);
  for (const auto& [index, result] : outcomes.by_index()) {
    ASSERT_FALSE(result) << "day " << index;
    EXPECT_EQ(result.error().kind, kind) << describe(result.error());
  }
}

TEST(raw_epoll, closed_port_is_connect_failed) {
  expect_every_day_fails(url_of_closed_port(), fetch_error_kind::connect_failed);
}

TEST(raw_epoll, missing_response_is_deadline_exceeded) {
  const stub_server silent{
      [](const std::string&) { return stub_response{.bytes = {}, .no_response = true}; }};
  expect_every_day_fails(silent.url(), fetch_error_kind::deadline_exceeded, {.exchange_deadline = 1s}, 5);
}

TEST(raw_epoll, invalid_response_gives_typed_error) {
  const auto site_with = [](stub_response response) {
    return stub_server{[response = std::move(response)](const std::string&) { return response; }};
  };
  expect_every_day_fails(site_with({.bytes = http_response(503, "", "")}).url(),
                         fetch_error_kind::unexpected_status);
  expect_every_day_fails(site_with({.bytes = http_response(200, "", "<form></form>")}).url(),
                         fetch_error_kind::no_session);
  expect_every_day_fails(site_with({.bytes = "SSH-2.0\r\n"}).url(), fetch_error_kind::bad_response);
  expect_every_day_fails(site_with({.bytes = "HTTP/1.1 200", .close_after = true}).url(),
                         fetch_error_kind::connection_lost);
  expect_every_day_fails(site_with({.bytes = "HTTP/1.1 200 OK\r\nA: " + std::string(999, 'a')}).url(),
                         fetch_error_kind::header_too_large, {.max_header_bytes = 500});
  expect_every_day_fails(
      site_with({.bytes = http_response(200, "Set-Cookie: JSESSIONID=a\r\n", std::string(999, 'a'))}).url(),
      fetch_error_kind::body_too_large, {.max_body_bytes = 500});
}

TEST(raw_epoll, response_in_small_writes_gives_its_fares) {
  for (const std::size_t write_bytes : {1u, 7u, 60u}) {
    const stub_server site{[&](const std::string& request) {
      auto response = is_search(request) ? page_of_fares() : start_page();
      response.write_bytes = write_bytes;
      response.write_interval = 100us;
      return response;
    }};
    collected_outcomes outcomes;
    raw_epoll{}.run(days_at(site.url(), 1, 1), outcomes.sink());
    ASSERT_EQ(outcomes.size(), 1u);
    ASSERT_TRUE(outcomes.at(0)) << describe(outcomes.at(0).error());
    ASSERT_EQ(outcomes.at(0)->size(), 1u);
    EXPECT_EQ(outcomes.at(0)->front().price_hundredths, 249'00);
  }
}

TEST(raw_epoll, page_in_small_writes_gives_its_body) {
  for (const std::size_t write_bytes : {1u, 7u, 60u}) {
    const stub_server site{[&](const std::string&) {
      return stub_response{
          .bytes = http_response(200, "", "a body"), .write_bytes = write_bytes, .write_interval = 100us};
    }};
    collected_outcomes outcomes;
    EXPECT_THAT(run_pages(pages_at(site.url(), 1, 1), outcomes), testing::ElementsAre("a body"));
    EXPECT_TRUE(outcomes.at(0));
  }
}

TEST(raw_epoll, stop_ends_requests_in_flight) {
  const auto site = start_site(120s);
  std::stop_source source;
  auto work = days_at(site.url(), 20, 5);
  work.stop = source.get_token();
  collected_outcomes outcomes;
  std::chrono::steady_clock::time_point stopped;
  const std::jthread stopper{[&] {
    EXPECT_TRUE(wait_until([&] { return site.stats().in_flight == 5; }));
    stopped = std::chrono::steady_clock::now();
    source.request_stop();
  }};
  raw_epoll{}.run(work, outcomes.sink());
  EXPECT_LT(std::chrono::steady_clock::now() - stopped, hang_deadline) << "a response takes 120 s";
  ASSERT_EQ(outcomes.size(), 20u);
  for (const auto& [index, result] : outcomes.by_index()) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, fetch_error_kind::cancelled);
  }
}

TEST(raw_epoll, exception_of_sink_leaves_run) {
  const auto site = start_site(1ms);
  EXPECT_THROW(raw_epoll{}.run(days_at(site.url(), 9, 3),
                               [](std::size_t, outcome&&) { throw std::runtime_error{"full"}; }),
               std::runtime_error);
}

TEST(raw_epoll, invalid_batch_is_refused) {
  const auto run = [](const batch& work) { raw_epoll{}.run(work, [](std::size_t, outcome&&) {}); };
  EXPECT_THROW(run(days_at("http://127.0.0.1:1", 3, 0)), std::invalid_argument);
  auto without_queries = days_at("http://127.0.0.1:1", 3, 1);
  without_queries.query_at = nullptr;
  EXPECT_THROW(run(without_queries), std::invalid_argument);
  auto with_both = days_at("http://127.0.0.1:1", 3, 1);
  with_both.pages.path_at = path_of_page;
  EXPECT_THROW(run(with_both), std::invalid_argument);
  for (const char* url :
       {"", "127.0.0.1:80", "https://127.0.0.1:80", "http://localhost:80", "http://127.0.0.1",
        "http://127.0.0.1:", "http://127.0.0.1:99999", "http://127.0.0.1:80/"}) {
    EXPECT_THROW(run(days_at(url, 3, 1)), std::invalid_argument) << url;
  }
}

}  // namespace
}  // namespace farebench::test
