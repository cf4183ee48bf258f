// Contract of every strategy for batches at a site without faults, and for invalid batches.

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "mock_server/site/timetable.hpp"
#include "tests/contract/every_strategy.hpp"
#include "tests/contract/sites.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench::test {
namespace {

using namespace std::chrono_literals;

void expect_fares_of_site(const collected_outcomes& outcomes, std::size_t days) {
  ASSERT_EQ(outcomes.size(), days);
  for (std::size_t i = 0; i < days; ++i) {
    const outcome& result = outcomes.at(i);
    ASSERT_TRUE(result) << "day " << i << ": " << describe(result.error());
    EXPECT_EQ(*result, timetable(day(i), page_kb)) << "day " << i;
  }
}

class strategy_and_workers
    : public testing::TestWithParam<std::tuple<tested_strategy, std::size_t, std::size_t>> {};

TEST_P(strategy_and_workers, each_query_gives_its_fares_once) {
  const auto& [tested, workers, loops] = GetParam();
  constexpr std::size_t days = 40;
  const auto site = start_site();
  collected_outcomes outcomes;
  auto work = days_at(site.url(), days, workers);
  work.loops = loops;
  tested.create()->run(work, outcomes.sink());

  expect_fares_of_site(outcomes, days);
  const auto stats = site.stats();
  const std::size_t concurrency = tested.info->uses_workers ? std::min(workers, days) : 1;
  EXPECT_EQ(stats.requests, 2 * days);
  EXPECT_EQ(stats.sessions, days) << "one session per day";
  EXPECT_LE(stats.in_flight_peak, concurrency);
  EXPECT_EQ(stats.connections_accepted - 1, concurrency) << "one per worker, without that of stats()";
}

INSTANTIATE_TEST_SUITE_P(contract, strategy_and_workers,
                         testing::Combine(all_strategies(), testing::Values(1, 2, 7, 100),
                                          testing::Values(1, 3)),
                         [](const auto& info) {
                           return name_of_strategy(std::get<0>(info.param)) + "_" +
                                  std::to_string(std::get<1>(info.param)) + "_on_" +
                                  std::to_string(std::get<2>(info.param));
                         });

class fresh_connections : public every_strategy {};
INSTANTIATE_TEST_SUITE_P(contract, fresh_connections, all_strategies(), name_of);

TEST_P(fresh_connections, each_query_has_a_connection) {
  constexpr std::size_t days = 40;
  const auto site = start_site();
  auto work = on_two_loops(days_at(site.url(), days, 7));
  work.connections = connection_mode::fresh;
  collected_outcomes outcomes;
  run(work, outcomes.sink());

  expect_fares_of_site(outcomes, days);
  const auto stats = site.stats();
  EXPECT_EQ(stats.requests, 2 * days);
  EXPECT_EQ(stats.sessions, days);
  EXPECT_EQ(stats.connections_accepted - 1, days) << "without that of stats()";
}

TEST_P(fresh_connections, worker_has_one_connection_at_a_time) {
  constexpr std::size_t days = 30;
  constexpr std::size_t workers = 4;
  std::atomic<std::size_t> requests = 0;
  // Some attempts fail in their first exchange, others in the second one.
  stub_server* site = nullptr;
  stub_server server{[&](const std::string& request) {
    EXPECT_TRUE(wait_until([&] { return site->open_connections() <= concurrency(workers); }));
    if (++requests % 5 == 0) return stub_response{.bytes = http_response(503, "", "")};
    return is_search(request) ? page_of_fares() : start_page();
  }};
  site = &server;
  auto work = days_at(server.url(), days, workers);
  work.connections = connection_mode::fresh;
  work.policy.max_attempts = 1;
  collected_outcomes outcomes;
  run(work, outcomes.sink());
  EXPECT_EQ(outcomes.size(), days);
  EXPECT_EQ(server.accepted_connections(), days);
}

class valid_batch : public every_strategy {};
INSTANTIATE_TEST_SUITE_P(contract, valid_batch, all_strategies(), name_of);

TEST_P(valid_batch, empty_batch_sends_no_request) {
  const auto site = start_site();
  collected_outcomes outcomes;
  run(days_at(site.url(), 0, 5), outcomes.sink());
  EXPECT_EQ(outcomes.size(), 0u);
  EXPECT_EQ(site.stats().requests, 0u);
}

TEST_P(valid_batch, site_may_have_a_name) {
  // It may also have the address ::1, where the site does not listen.
  const auto site = start_site();
  collected_outcomes outcomes;
  run(on_two_loops(days_at("http://localhost:" + std::to_string(site.port()), 20, 4)), outcomes.sink());
  expect_fares_of_site(outcomes, 20);
}

TEST_P(valid_batch, all_workers_are_in_flight_at_once) {
  constexpr std::size_t workers = 8;
  event_count start_pages;
  std::atomic<std::size_t> in_flight = 0;
  std::atomic<std::size_t> peak = 0;
  const stub_server site{[&](const std::string& request) {
    const std::size_t now = ++in_flight;
    for (std::size_t seen = peak; seen < now && !peak.compare_exchange_weak(seen, now);) continue;
    if (!is_search(request)) {
      start_pages.add();
      EXPECT_TRUE(start_pages.wait_for(concurrency(workers)));
    }
    --in_flight;
    return is_search(request) ? page_of_fares() : start_page();
  }};
  collected_outcomes outcomes;
  run(days_at(site.url(), 2 * workers, workers), outcomes.sink());
  EXPECT_EQ(peak, concurrency(workers));
  ASSERT_EQ(outcomes.size(), 2 * workers);
  for (const auto& [index, result] : outcomes.by_index()) EXPECT_TRUE(result) << describe(result.error());
}

TEST_P(valid_batch, strategy_runs_batches_of_two_threads_at_once) {
  const auto site = start_site();
  const auto strategy = GetParam().create();
  collected_outcomes first;
  collected_outcomes second;
  {
    const std::jthread other{[&] { strategy->run(days_at(site.url(), 20, 4), first.sink()); }};
    strategy->run(days_at(site.url(), 20, 4), second.sink());
  }
  collected_outcomes third;
  strategy->run(days_at(site.url(), 20, 4), third.sink());
  for (const auto* outcomes : {&first, &second, &third}) expect_fares_of_site(*outcomes, 20);
}

TEST_P(valid_batch, sink_calls_do_not_overlap) {
  const auto site = start_site(0ms);
  std::atomic<int> inside = 0;
  run(on_two_loops(days_at(site.url(), 200, 20)), [&](std::size_t, outcome&&) {
    EXPECT_EQ(inside.fetch_add(1), 0);
    std::this_thread::yield();
    inside.fetch_sub(1);
  });
}

TEST_P(valid_batch, query_is_pulled_once_when_its_scrape_begins) {
  const auto site = start_site();
  std::atomic<int> in_flight = 0;
  std::atomic<int> pulled = 0;
  auto work = days_at(site.url(), 30, 3);
  work.query_at = [&](std::size_t index) {
    EXPECT_LE(in_flight.fetch_add(1), 2) << "pulled before a worker was free";
    ++pulled;
    return day(index);
  };
  run(work, [&](std::size_t, outcome&&) { in_flight.fetch_sub(1); });
  EXPECT_EQ(pulled, 30);
}

TEST_P(valid_batch, exception_of_sink_leaves_run) {
  const auto site = start_site();
  for (const auto& work : {days_at(site.url(), 50, 4), on_two_loops(days_at(site.url(), 50, 4))}) {
    std::size_t delivered = 0;
    EXPECT_THROW(run(work,
                     [&](std::size_t, outcome&&) {
                       if (++delivered == 3) throw std::domain_error{"enough"};
                     }),
                 std::domain_error);
    EXPECT_LT(delivered, 50u) << "the other workers stopped";
  }
}

TEST_P(valid_batch, run_leaves_no_descriptor_or_thread) {
  const auto site = start_site();
  const std::size_t threads = open_resources().threads;
  // Libraries open some descriptors once and keep them.
  collected_outcomes warm_up;
  run(days_at(site.url(), 1, 1), warm_up.sink());
  ASSERT_TRUE(wait_until([&] { return open_resources().threads == threads; }));
  const auto before = open_resources();
  collected_outcomes outcomes;
  run(on_two_loops(days_at(site.url(), 30, 10)), outcomes.sink());
  EXPECT_EQ(settled_resources(before), before);
}

TEST_P(valid_batch, server_stopped_midway_keeps_finished_outcomes) {
  constexpr std::size_t days = 60;
  constexpr std::size_t finished = 10;
  auto site = start_site();
  collected_outcomes outcomes;
  const auto collect = outcomes.sink();
  run(days_at(site.url(), days, 4), [&](std::size_t index, outcome&& result) {
    collect(index, std::move(result));
    if (outcomes.size() == finished) site.stop();
  });
  ASSERT_EQ(outcomes.size(), days);
  std::size_t succeeded = 0;
  for (const auto& [index, result] : outcomes.by_index()) {
    if (result) {
      ++succeeded;
      EXPECT_EQ(*result, timetable(day(index), page_kb));
    } else {
      EXPECT_TRUE(result.error().kind == fetch_error_kind::connect_failed ||
                  result.error().kind == fetch_error_kind::connection_lost)
          << describe(result.error());
    }
  }
  EXPECT_GE(succeeded, finished);
  EXPECT_LT(succeeded, days);
}

class invalid_batch : public every_strategy {
 protected:
  void expect_refused(const batch& work) {
    EXPECT_THROW(run(work, [](std::size_t, outcome&&) { ADD_FAILURE() << "an outcome of a refused batch"; }),
                 std::invalid_argument);
  }
};
INSTANTIATE_TEST_SUITE_P(contract, invalid_batch, all_strategies(), name_of);

TEST_P(invalid_batch, zero_workers_are_refused) { expect_refused(days_at("http://127.0.0.1:1", 3, 0)); }

TEST_P(invalid_batch, zero_loops_are_refused) {
  auto work = days_at("http://127.0.0.1:1", 3, 1);
  work.loops = 0;
  expect_refused(work);
}

TEST_P(invalid_batch, missing_query_source_is_refused) {
  auto work = days_at("http://127.0.0.1:1", 3, 1);
  work.query_at = nullptr;
  expect_refused(work);
}

TEST_P(invalid_batch, both_queries_and_pages_are_refused) {
  auto work = days_at("http://127.0.0.1:1", 3, 1);
  work.pages.path_at = [](std::size_t) { return "/"; };
  expect_refused(work);
}

TEST_P(invalid_batch, invalid_base_url_is_refused) {
  for (const char* url :
       {"", "127.0.0.1:80", "ftp://127.0.0.1", "file:///etc/passwd", "http://", "http://127.0.0.1/",
        "http://127.0.0.1/app", "http://127.0.0.1?q", "http://me@127.0.0.1", "http://127.0.0.1:1?",
        "http://127.0.0.1:1#", "http://:secret@127.0.0.1:1", "http://127.0.0.1:99999", "http://127.0.0.1:0",
        "http://127.0.0.1 ", "http://127.0.0.1\n", "http://a b"}) {
    SCOPED_TRACE(url);
    expect_refused(days_at(url, 3, 1));
  }
}

TEST_P(invalid_batch, invalid_policy_is_refused) {
  std::vector<fetch_policy> bad(10);
  bad[0].scrape_deadline = 0ms;
  bad[1].max_attempts = 0;
  bad[2].backoff_base = -1ms;
  bad[3].backoff_cap = -1ms;
  bad[4].retry_share = -0.1;
  bad[5].retry_share = std::numeric_limits<double>::quiet_NaN();
  bad[6].retry_after_cap = -1ms;
  bad[7].scrape_deadline = std::chrono::milliseconds::max();
  bad[8].exchange.max_redirects = 1'000'000;
  bad[9].exchange.min_rate_grace = -1ms;
  for (const auto& policy : bad) {
    auto work = days_at("http://127.0.0.1:1", 3, 1);
    work.policy = policy;
    expect_refused(work);
  }
}

TEST_P(invalid_batch, zero_limit_is_refused) {
  for (const fetch_limits& limits :
       {fetch_limits{.connect_timeout = 0ms}, fetch_limits{.exchange_deadline = 0ms},
        fetch_limits{.exchange_deadline = -1ms}, fetch_limits{.max_header_bytes = 0},
        fetch_limits{.max_body_bytes = 0}}) {
    auto work = days_at("http://127.0.0.1:1", 3, 1);
    work.policy.exchange = limits;
    expect_refused(work);
  }
}

TEST(make_strategy, listed_name_creates_a_strategy) {
  for (const transport* const http : all_transports()) {
    for (const auto& info : http->strategies()) {
      EXPECT_NE(make_strategy(info.name, *http), nullptr);
      EXPECT_EQ(find_strategy(info.name, *http), &info);
      EXPECT_EQ(info.transport, http->name());
    }
  }
}

TEST(make_strategy, unknown_name_gives_list_of_names) {
  for (const transport* const http : all_transports()) {
    EXPECT_EQ(find_strategy("carrier_pigeon", *http), nullptr);
    try {
      make_strategy("carrier_pigeon", *http);
      FAIL();
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("carrier_pigeon"));
      for (const auto& info : http->strategies())
        EXPECT_THAT(error.what(), testing::HasSubstr(std::string{info.name}));
    }
  }
}

}  // namespace
}  // namespace farebench::test
