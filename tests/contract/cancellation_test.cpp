// What every strategy promises when a stop is requested.

#include <atomic>
#include <chrono>
#include <stop_token>
#include <thread>

#include "lib/system/process_stats.hpp"
#include "mock_server/site/timetable.hpp"
#include "tests/contract/every_strategy.hpp"
#include "tests/contract/mock_site.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench::test {
namespace {

using namespace std::chrono_literals;

class cancellation : public every_strategy {};
INSTANTIATE_TEST_SUITE_P(contract, cancellation, all_strategies(), name_of);

TEST_P(cancellation, before_the_start_asks_nothing_and_answers_every_query) {
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

TEST_P(cancellation, midway_loses_no_finished_outcome_and_answers_every_query_once) {
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
  EXPECT_LE(succeeded, 10u + 5u) << "nothing new is asked for after the stop";
}

TEST_P(cancellation, from_another_thread_ends_what_is_in_flight_and_leaves_nothing_behind) {
  const auto site = start_site(60s);
  const auto before = open_resources();
  for (const std::size_t loops : {1u, 2u}) {
    std::stop_source stop;
    auto work = days_at(site.url(), 20, 4);
    work.loops = loops;
    work.stop = stop.get_token();
    collected_outcomes outcomes;
    std::chrono::steady_clock::time_point stopped;
    const std::jthread stopper{[&] {
      std::this_thread::sleep_for(200ms);
      stopped = std::chrono::steady_clock::now();
      stop.request_stop();
    }};
    run(work, outcomes.sink());
    EXPECT_LT(std::chrono::steady_clock::now() - stopped, 5s)
        << "a second for who blocks in libcurl; the rest is slack";
    ASSERT_EQ(outcomes.size(), 20u);
    for (const auto& [index, result] : outcomes.by_index()) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().kind, fetch_error_kind::cancelled) << describe(result.error());
    }
  }
  EXPECT_EQ(open_resources(), before);
}

TEST_P(cancellation, ends_a_wait_for_the_next_attempt) {
  const stub_server site{
      [](const std::string&) { return stub_answer{.bytes = http_response(503, "Retry-After: 60\r\n", "")}; }};
  for (const bool drains : {false, true}) {
    for (const std::size_t loops : {1u, 2u}) {
      std::stop_source stop;
      auto work = days_at(site.url(), 4, 4);
      work.loops = loops;
      (drains ? work.drain : work.stop) = stop.get_token();
      std::atomic<int> waiting = 0;
      work.on_retry = [&](std::size_t, std::size_t, const fetch_error&, std::chrono::milliseconds wait) {
        EXPECT_GE(wait, 30s);
        ++waiting;
      };
      std::chrono::steady_clock::time_point stopped;
      const std::jthread stopper{[&] {
        while (waiting < 4) std::this_thread::sleep_for(1ms);
        std::this_thread::sleep_for(100ms);
        stopped = std::chrono::steady_clock::now();
        stop.request_stop();
      }};
      collected_outcomes outcomes;
      run(work, outcomes.sink());
      EXPECT_LT(std::chrono::steady_clock::now() - stopped, 5s);
      ASSERT_EQ(outcomes.size(), 4u);
      for (const auto& [index, result] : outcomes.by_index()) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().kind, fetch_error_kind::cancelled) << describe(result.error());
      }
    }
  }
}

TEST_P(cancellation, by_a_drain_lets_what_is_in_flight_come_home_and_begins_nothing_more) {
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
  EXPECT_EQ(succeeded, begun) << "what had begun came home";
  EXPECT_GE(succeeded, 6u);
  EXPECT_LE(succeeded, 6u + workers);
}

}  // namespace
}  // namespace farebench::test
