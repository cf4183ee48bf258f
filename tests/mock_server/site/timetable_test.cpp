#include "mock_server/site/timetable.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "tests/mock_server/site/queries.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

// Values worked out once and kept: a change to the timetable is a change of the workload.
TEST(timetable, is_the_same_on_every_platform_and_in_every_release) {
  const auto fares = timetable(query_on_day(59), 3);
  ASSERT_FALSE(fares.empty());
  EXPECT_EQ(timetable_seed(query_on_day(59), 3), 10912098247260049799u);
  EXPECT_EQ(fares.size(), 10u);
  EXPECT_EQ(fares.front(), (fare{4h + 47min, 7h, "Élan", 23, 834'90, "Kč"}));
}

TEST(timetable, depends_on_each_of_its_arguments) {
  const query search = query_on_day(0);
  const auto fares = timetable(search, 3);
  EXPECT_EQ(timetable(search, 3), fares);
  EXPECT_NE(timetable(query_on_day(1), 3), fares);
  EXPECT_NE(timetable(search, 4), fares);
  query other = search;
  std::swap(other.from, other.to);
  EXPECT_NE(timetable(other, 3), fares);
}

TEST(timetable, separates_the_two_station_ids) {
  const auto date = query_on_day(0).date;
  EXPECT_NE(timetable({"ID1", "ID23", date}, 3), timetable({"ID12", "ID3", date}, 3));
}

TEST(timetable, has_rows_in_proportion_to_the_page_size) {
  for (int day = 0; day < 400; ++day) {
    const auto small = timetable(query_on_day(day), 3).size();
    EXPECT_TRUE(small >= 8 && small <= 12) << small;
    const auto large = timetable(query_on_day(day), 94).size();
    EXPECT_TRUE(large >= 40 && large <= 64) << large;
    EXPECT_GE(timetable(query_on_day(day), min_page_kb).size(), 1u);
  }
}

TEST(timetable, holds_fares_within_their_bounds_by_departure) {
  std::set<std::string> types;
  for (int day = 0; day < 100; ++day) {
    const auto fares = timetable(query_on_day(day), 94);
    EXPECT_TRUE(std::ranges::is_sorted(fares, {}, &fare::departure));
    for (const fare& offer : fares) {
      EXPECT_TRUE(offer.departure >= 0min && offer.departure < 24h);
      EXPECT_TRUE(offer.arrival >= 0min && offer.arrival < 24h);
      EXPECT_GE(offer.free_seats, 0);
      EXPECT_GT(offer.price_hundredths, 0);
      types.insert(offer.type);
    }
  }
  EXPECT_EQ(types.size(), 7u);
}

TEST(timetable, refuses_a_page_size_outside_its_bounds) {
  EXPECT_THROW(timetable(query_on_day(0), min_page_kb - 1), std::invalid_argument);
  EXPECT_THROW(timetable(query_on_day(0), max_page_kb + 1), std::invalid_argument);
}

}  // namespace
}  // namespace farebench
