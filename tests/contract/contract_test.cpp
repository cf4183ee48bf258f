// Contract of every strategy with a site without faults.

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>
#include <tuple>

#include "mock_server/site/timetable.hpp"
#include "tests/contract/every_strategy.hpp"
#include "tests/contract/mock_site.hpp"
#include "tests/contract/one_fare_site.hpp"
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
    : public testing::TestWithParam<std::tuple<std::string, std::size_t, std::size_t>> {};

TEST_P(strategy_and_workers, each_query_gives_its_fares_once) {
  const auto& [name, workers, loops] = GetParam();
  constexpr std::size_t days = 40;
  const auto site = start_site();
  collected_outcomes outcomes;
  auto work = days_at(site.url(), days, workers);
  work.loops = loops;
  make_strategy(name)->run(work, outcomes.sink());

  expect_fares_of_site(outcomes, days);
  const auto stats = site.stats();
  const std::size_t concurrency = find_strategy(name)->uses_workers ? std::min(workers, days) : 1;
  EXPECT_EQ(stats.requests, 2 * days);
  EXPECT_EQ(stats.sessions, days) << "one session per day";
  EXPECT_LE(stats.in_flight_peak, concurrency);
  EXPECT_EQ(stats.connections_accepted - 1, concurrency) << "one per worker, without that of stats()";
}

INSTANTIATE_TEST_SUITE_P(contract, strategy_and_workers,
                         testing::Combine(all_strategies(), testing::Values(1, 2, 7, 100),
                                          testing::Values(1, 3)),
                         [](const auto& info) {
                           return std::get<0>(info.param) + "_" + std::to_string(std::get<1>(info.param)) +
                                  "_on_" + std::to_string(std::get<2>(info.param));
                         });

class contract : public every_strategy {};
INSTANTIATE_TEST_SUITE_P(contract, contract, all_strategies(), name_of);

TEST_P(contract, empty_batch_sends_no_request) {
  const auto site = start_site();
  collected_outcomes outcomes;
  run(days_at(site.url(), 0, 5), outcomes.sink());
  EXPECT_EQ(outcomes.size(), 0u);
  EXPECT_EQ(site.stats().requests, 0u);
}

TEST_P(contract, all_workers_are_in_flight_at_once) {
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

TEST_P(contract, strategy_runs_batches_of_two_threads_at_once) {
  const auto site = start_site();
  const auto strategy = make_strategy(GetParam());
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

TEST_P(contract, sink_calls_do_not_overlap) {
  const auto site = start_site(0ms);
  std::atomic<int> inside = 0;
  run(on_two_loops(days_at(site.url(), 200, 20)), [&](std::size_t, outcome&&) {
    EXPECT_EQ(inside.fetch_add(1), 0);
    std::this_thread::yield();
    inside.fetch_sub(1);
  });
}

TEST_P(contract, query_is_pulled_once_when_its_scrape_begins) {
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

TEST_P(contract, exception_of_sink_leaves_run) {
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

TEST_P(contract, run_leaves_no_descriptor_or_thread) {
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

TEST_P(contract, server_stopped_midway_keeps_finished_outcomes) {
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

}  // namespace
}  // namespace farebench::test
