// Contract of every strategy for a requested stop or drain.

#include <atomic>
#include <chrono>
#include <stop_token>
#include <thread>

#include "mock_server/site/timetable.hpp"
#include "tests/contract/every_strategy.hpp"
#include "tests/contract/sites.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

class cancellation : public every_strategy {};
INSTANTIATE_TEST_SUITE_P(contract, cancellation, all_strategies(), name_of);

TEST_P(cancellation, stop_before_run_sends_no_request) {
  const auto site = start_site(0ms);
  std::stop_source stop;
  stop.request_stop();
  auto work = days_at(site.url(), 20, 4);
  work.stop = stop.get_token();
  collected_outcomes outcomes;
  run(work, outcomes.sink());
  ASSERT_EQ(outcomes.size(), 20u);
  for (const auto& [index, result] : outcomes.by_index()) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, fetch_error_kind::cancelled);
  }
  EXPECT_EQ(site.stats().requests, 0u);
}

TEST_P(cancellation, stop_midway_keeps_finished_outcomes) {
  constexpr std::size_t days = 100;
  const auto site = start_site(2ms);
  std::stop_source stop;
  auto work = on_two_loops(days_at(site.url(), days, 5));
  work.stop = stop.get_token();
  collected_outcomes outcomes;
  const auto collect = outcomes.sink();
  run(work, [&](std::size_t index, outcome&& result) {
    collect(index, std::move(result));
    if (outcomes.size() == 10) stop.request_stop();
  });
  ASSERT_EQ(outcomes.size(), days);
  std::size_t succeeded = 0;
  for (const auto& [index, result] : outcomes.by_index()) {
    if (result) {
      ++succeeded;
      EXPECT_EQ(*result, timetable(day(index), page_kb));
    } else {
      EXPECT_EQ(result.error().kind, fetch_error_kind::cancelled) << describe(result.error());
    }
  }
  EXPECT_GE(succeeded, 10u);
  EXPECT_LE(succeeded, 10u + 5u) << "no scrape begins after the stop";
}

TEST_P(cancellation, stop_from_other_thread_ends_requests_in_flight) {
  for (const std::size_t loops : {1u, 2u}) {
    const auto site = start_site(120s);
    const auto before = open_resources();
    std::stop_source stop;
    auto work = days_at(site.url(), 20, 4);
    work.loops = loops;
    work.stop = stop.get_token();
    collected_outcomes outcomes;
    clock::time_point stopped;
    {
      const std::jthread stopper{[&] {
        EXPECT_TRUE(wait_until([&] { return site.stats().in_flight == concurrency(4); }));
        stopped = clock::now();
        stop.request_stop();
      }};
      run(work, outcomes.sink());
      EXPECT_LT(clock::now() - stopped, hang_deadline) << "a response takes 120 s";
    }
    ASSERT_EQ(outcomes.size(), 20u);
    for (const auto& [index, result] : outcomes.by_index()) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().kind, fetch_error_kind::cancelled) << describe(result.error());
    }
    EXPECT_EQ(settled_resources(before), before);
  }
}

TEST_P(cancellation, stop_or_drain_ends_wait_for_retry) {
  const stub_server site{[](const std::string&) {
    return stub_response{.bytes = http_response(503, "Retry-After: 3600\r\n", "")};
  }};
  for (const bool drains : {false, true}) {
    for (const std::size_t loops : {1u, 2u}) {
      std::stop_source stop;
      auto work = days_at(site.url(), 4, 4);
      work.policy.retry_after_cap = 1h;
      work.policy.scrape_deadline = 2h;
      work.loops = loops;
      (drains ? work.drain : work.stop) = stop.get_token();
      event_count retries;
      work.on_retry = [&](std::size_t, std::size_t, const fetch_error&, std::chrono::milliseconds wait) {
        EXPECT_GE(wait, 1h);
        retries.add();
      };
      clock::time_point stopped;
      const std::jthread stopper{[&] {
        EXPECT_TRUE(retries.wait_for(4));
        EXPECT_TRUE(wait_until_threads_sleep());
        stopped = clock::now();
        stop.request_stop();
      }};
      collected_outcomes outcomes;
      run(work, outcomes.sink());
      EXPECT_LT(clock::now() - stopped, hang_deadline);
      ASSERT_EQ(outcomes.size(), 4u);
      for (const auto& [index, result] : outcomes.by_index()) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().kind, fetch_error_kind::cancelled) << describe(result.error());
      }
    }
  }
}

TEST_P(cancellation, drain_finishes_scrapes_in_flight_only) {
  constexpr std::size_t days = 40;
  constexpr std::size_t workers = 4;
  const auto site = start_site(20ms);
  std::stop_source drain;
  auto work = on_two_loops(days_at(site.url(), days, workers));
  work.drain = drain.get_token();
  std::atomic<std::size_t> begun = 0;
  work.query_at = [&](std::size_t index) {
    ++begun;
    return day(index);
  };
  collected_outcomes outcomes;
  const auto collect = outcomes.sink();
  run(work, [&](std::size_t index, outcome&& result) {
    collect(index, std::move(result));
    if (outcomes.size() == 6) drain.request_stop();
  });
  ASSERT_EQ(outcomes.size(), days);
  std::size_t succeeded = 0;
  for (const auto& [index, result] : outcomes.by_index()) {
    if (result) {
      ++succeeded;
      EXPECT_EQ(*result, timetable(day(index), 3));
    } else {
      EXPECT_EQ(result.error().kind, fetch_error_kind::cancelled) << describe(result.error());
    }
  }
  EXPECT_EQ(succeeded, begun) << "each scrape that began has finished";
  EXPECT_GE(succeeded, 6u);
  EXPECT_LE(succeeded, 6u + workers);
}

}  // namespace
}  // namespace farebench::test
