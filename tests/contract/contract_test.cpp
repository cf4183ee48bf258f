// What every strategy promises of a site that behaves.

#include <atomic>
#include <stdexcept>
#include <thread>
#include <tuple>

#include "lib/system/process_stats.hpp"
#include "mock_server/site/timetable.hpp"
#include "tests/contract/every_strategy.hpp"
#include "tests/contract/mock_site.hpp"

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

TEST_P(strategy_and_workers, answers_each_query_once_with_its_fares_and_never_exceeds_its_workers) {
  const auto& [name, workers, loops] = GetParam();
  constexpr std::size_t days = 40;
  const auto site = start_site();
  collected_outcomes outcomes;
  auto work = days_at(site.url(), days, workers);
  work.loops = loops;
  make_strategy(name)->run(work, outcomes.sink());

  expect_fares_of_site(outcomes, days);
  const auto seen = site.stats();
  const std::size_t most = name == "sequential" ? 1 : std::min(workers, days);
  EXPECT_EQ(seen.requests, 2 * days);
  EXPECT_EQ(seen.sessions, days) << "each day has a session of its own";
  EXPECT_LE(seen.in_flight_peak, most);
  EXPECT_EQ(seen.connections_accepted - 1, most) << "a worker keeps its connection (one more is the asker's)";
}

INSTANTIATE_TEST_SUITE_P(contract, strategy_and_workers,
                         testing::Combine(all_strategies(), testing::Values(1, 2, 7, 100),
                                          testing::Values(1, 3)),
                         [](const auto& one) {
                           return std::get<0>(one.param) + "_" + std::to_string(std::get<1>(one.param)) +
                                  "_on_" + std::to_string(std::get<2>(one.param));
                         });

class contract : public every_strategy {};
INSTANTIATE_TEST_SUITE_P(contract, contract, all_strategies(), name_of);

TEST_P(contract, an_empty_batch_asks_nothing) {
  const auto site = start_site();
  collected_outcomes outcomes;
  run(days_at(site.url(), 0, 5), outcomes.sink());
  EXPECT_EQ(outcomes.size(), 0u);
  EXPECT_EQ(site.stats().requests, 0u);
}

TEST_P(contract, all_workers_are_in_flight_together) {
  constexpr std::size_t workers = 8;
  const auto site = start_site(100ms);
  collected_outcomes outcomes;
  run(days_at(site.url(), 2 * workers, workers), outcomes.sink());
  if (GetParam() == "sequential") {
    EXPECT_EQ(site.stats().in_flight_peak, 1u);
  } else {
    EXPECT_EQ(site.stats().in_flight_peak, workers);
  }
}

TEST_P(contract, an_object_can_be_used_again_and_by_two_threads_at_once) {
  const auto site = start_site();
  const auto way = make_strategy(GetParam());
  collected_outcomes first;
  collected_outcomes second;
  {
    const std::jthread other{[&] { way->run(days_at(site.url(), 20, 4), first.sink()); }};
    way->run(days_at(site.url(), 20, 4), second.sink());
  }
  collected_outcomes third;
  way->run(days_at(site.url(), 20, 4), third.sink());
  for (const auto* outcomes : {&first, &second, &third}) expect_fares_of_site(*outcomes, 20);
}

TEST_P(contract, calls_of_the_sink_never_overlap) {
  const auto site = start_site(0ms);
  std::atomic<int> inside = 0;
  run(on_two_loops(days_at(site.url(), 200, 20)), [&](std::size_t, outcome&&) {
    EXPECT_EQ(inside.fetch_add(1), 0);
    std::this_thread::yield();
    inside.fetch_sub(1);
  });
}

TEST_P(contract, a_query_is_asked_once_when_its_scrape_starts) {
  const auto site = start_site();
  std::atomic<int> in_flight = 0;
  std::atomic<int> asked = 0;
  auto work = days_at(site.url(), 30, 3);
  work.query_at = [&](std::size_t index) {
    EXPECT_LE(in_flight.fetch_add(1), 2) << "pulled before a worker was free for it";
    ++asked;
    return day(index);
  };
  run(work, [&](std::size_t, outcome&&) { in_flight.fetch_sub(1); });
  EXPECT_EQ(asked, 30);
}

TEST_P(contract, what_the_sink_throws_comes_out_of_run) {
  const auto site = start_site();
  for (const auto& work : {days_at(site.url(), 50, 4), on_two_loops(days_at(site.url(), 50, 4))}) {
    std::size_t delivered = 0;
    EXPECT_THROW(run(work,
                     [&](std::size_t, outcome&&) {
                       if (++delivered == 3) throw std::domain_error{"enough"};
                     }),
                 std::domain_error);
    EXPECT_LT(delivered, 50u) << "the others stopped";
  }
}

TEST_P(contract, leaves_no_descriptor_or_thread_behind) {
  const auto site = start_site();
  collected_outcomes warm_up;  // what libraries open once and keep
  run(days_at(site.url(), 1, 1), warm_up.sink());
  const auto before = open_resources();
  collected_outcomes outcomes;
  run(on_two_loops(days_at(site.url(), 30, 10)), outcomes.sink());
  EXPECT_EQ(open_resources(), before);
}

TEST_P(contract, a_server_gone_midway_loses_nothing_that_was_fetched) {
  constexpr std::size_t days = 60;
  constexpr std::size_t before_the_end = 10;
  auto site = start_site();
  collected_outcomes outcomes;
  const auto collect = outcomes.sink();
  run(days_at(site.url(), days, 4), [&](std::size_t index, outcome&& result) {
    collect(index, std::move(result));
    if (outcomes.size() == before_the_end) site.stop();
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
  EXPECT_GE(succeeded, before_the_end);
  EXPECT_LT(succeeded, days);
}

}  // namespace
}  // namespace farebench::test
