#include "mock_server/site/results_page.hpp"

#include <gtest/gtest.h>

#include <string>

#include "mock_server/site/timetable.hpp"
#include "tests/mock_server/site/libxml2_fares.hpp"
#include "tests/mock_server/site/queries.hpp"

namespace farebench {
namespace {

class row_places : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(page_kb, row_places, testing::Values(2, 3, 10, 30, 94));

TEST_P(row_places, are_exactly_those_of_the_fares) {
  for (int day = 0; day < 50; ++day) {
    const query search = query_on_day(day);
    const std::string page = results_page(search, GetParam());
    const auto fares = timetable(search, GetParam());
    const auto places = find_bus_rows(page);
    ASSERT_EQ(places.size(), fares.size()) << "day " << day;
    for (std::size_t i = 0; i < fares.size(); ++i) {
      const auto& [row, words] = places[i];
      // The row by itself, as another reader of HTML sees it.
      EXPECT_EQ(libxml2_fares(page.substr(row.begin, row.end - row.begin)), std::vector{fares[i]});
      EXPECT_EQ(page[row.begin], '<');
      EXPECT_EQ(page.substr(row.end - 2, 2), ">\n");
      for (std::size_t word = 0; word < words.size(); ++word) {
        EXPECT_LT(words[word].begin, words[word].end);
        EXPECT_LE(word == 0 ? row.begin : words[word - 1].end, words[word].begin);
      }
      EXPECT_LE(words.back().end, row.end);
      EXPECT_EQ(page.substr(words[3].begin, words[3].end - words[3].begin),
                std::to_string(fares[i].free_seats));
    }
  }
}

TEST(row_places, of_other_text_are_empty) {
  EXPECT_TRUE(find_bus_rows(start_page()).empty());
  EXPECT_TRUE(find_bus_rows("").empty());
  EXPECT_TRUE(find_bus_rows("<div class=\"select-line\">").empty());
  EXPECT_TRUE(find_bus_rows("<div class=\"select-line\">01:00 02:00 a 1 1 CZK</div>\n").empty());
}

}  // namespace
}  // namespace farebench
