#include "mock_server/latency/latency_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/mock_server/site/queries.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

const latency_model lognormal = latency_model::lognormal(20ms, 80ms);

std::vector<query> days(int count) {
  std::vector<query> queries(static_cast<std::size_t>(count));
  std::ranges::generate(queries, [day = 0]() mutable { return query_on_day(day++); });
  return queries;
}

TEST(scrape_latencies, depend_on_the_seed_only) {
  const auto queries = days(50);
  const auto first = latencies_of(lognormal, 1, queries);
  EXPECT_EQ(first.starts, latencies_of(lognormal, 1, queries).starts);
  EXPECT_EQ(first.searches, latencies_of(lognormal, 1, queries).searches);
  EXPECT_NE(first.starts, latencies_of(lognormal, 2, queries).starts);
  EXPECT_NE(first.searches, latencies_of(lognormal, 2, queries).searches);
}

TEST(scrape_latencies, depend_on_ordinal_and_each_part_of_a_query) {
  const query search = query_on_day(0);
  std::set<nanoseconds> drawn{search_latency(lognormal, 1, search),
                              search_latency(lognormal, 1, {search.to, search.from, search.date}),
                              search_latency(lognormal, 1, {search.from, search.from, search.date}),
                              search_latency(lognormal, 1, query_on_day(1)),
                              start_latency(lognormal, 1, 0),
                              start_latency(lognormal, 1, 1)};
  EXPECT_EQ(drawn.size(), 6u);
}

TEST(scrape_latencies, do_not_depend_on_how_many_days_are_asked_for) {
  const auto few = latencies_of(lognormal, 1, days(3));
  const auto many = latencies_of(lognormal, 1, days(30));
  EXPECT_TRUE(std::ranges::equal(few.starts, std::span{many.starts}.first(3)));
  EXPECT_TRUE(std::ranges::equal(few.searches, std::span{many.searches}.first(3)));
}

TEST(scrape_latencies, are_drawn_from_the_model_for_both_steps) {
  auto drawn = latencies_of(lognormal, 3, days(20'000));
  for (auto* const step : {&drawn.starts, &drawn.searches}) {
    std::ranges::sort(*step);
    EXPECT_NEAR(static_cast<double>((*step)[10'000].count()), 20e6, 4e5);
    EXPECT_NEAR(static_cast<double>((*step)[19'800].count()), 80e6, 5e6);
  }
}

TEST(scrape_latencies, have_a_sum_and_bounds_of_scrape_and_exchange) {
  const scrape_latencies given{.starts = {5ms, 1ms, 3ms}, .searches = {4ms, 9ms, 1ms}};
  EXPECT_EQ(given.sum(), 23ms);
  EXPECT_EQ(given.max_scrape(), 10ms) << "1 + 9, 3 + 4, 5 + 1";
  EXPECT_EQ(scrape_latencies{}.max_scrape(), 0ms);
  EXPECT_EQ(given.max_exchange(), 9ms);
  EXPECT_EQ(scrape_latencies{}.max_exchange(), 0ms);
}

TEST(scrape_latencies, have_a_longest_scrape_that_no_pairing_beats) {
  const auto drawn = latencies_of(lognormal, 9, days(6));
  auto starts = drawn.starts;
  std::ranges::sort(starts);
  nanoseconds least = 1h;
  do {
    nanoseconds longest{0};
    for (std::size_t i = 0; i < starts.size(); ++i)
      longest = std::max(longest, starts[i] + drawn.searches[i]);
    least = std::min(least, longest);
  } while (std::ranges::next_permutation(starts).found);
  EXPECT_EQ(drawn.max_scrape(), least);
}

TEST(min_wall, is_the_sum_shared_or_the_longest_scrape) {
  const scrape_latencies given{.starts = {5ms, 1ms, 3ms}, .searches = {4ms, 9ms, 1ms}};
  EXPECT_EQ(min_wall(given, 1), 23ms);
  EXPECT_EQ(min_wall(given, 2), 11'500us);
  EXPECT_EQ(min_wall(given, 3), 10ms);
  EXPECT_EQ(min_wall(given, 100), 10ms);
}

TEST(min_wall, is_two_fixed_latencies_with_a_worker_per_day) {
  EXPECT_EQ(min_wall(latencies_of(20ms, 0, days(100)), 100), 40ms);
  EXPECT_EQ(min_wall(latencies_of(20ms, 0, days(100)), 1), 4s);
}

}  // namespace
}  // namespace farebench
