// The library's scanner against the site's own pages.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "farebench/fare_scanner.hpp"
#include "mock_server/site/results_page.hpp"
#include "mock_server/site/timetable.hpp"
#include "tests/mock_server/site/queries.hpp"

namespace farebench {
namespace {

outcome scanned(fare_scanner& scanner, std::string_view page, std::size_t piece_bytes) {
  for (std::size_t at = 0; at < page.size(); at += piece_bytes) scanner.feed(page.substr(at, piece_bytes));
  return scanner.finish();
}

class scanned_page : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(page_kb, scanned_page, testing::Values(2, 3, 10, 94));

TEST_P(scanned_page, shows_the_timetable_in_pieces_of_any_size) {
  fare_scanner scanner;
  for (int day = 0; day < 20; ++day) {
    const query search = query_on_day(day);
    const std::string page = results_page(search, GetParam());
    for (const std::size_t piece :
         {std::size_t{1}, std::size_t{7}, std::size_t{1460}, std::size_t{16384}, page.size()}) {
      EXPECT_EQ(scanned(scanner, page, piece), timetable(search, GetParam()))
          << "day " << day << " in pieces of " << piece;
    }
  }
}

TEST(scanned_page, shows_the_timetable_however_it_is_split_in_two) {
  fare_scanner scanner;
  const query search = query_on_day(1);
  const std::string whole = results_page(search, 3);
  const std::string_view page{whole};
  const auto expected = timetable(search, 3);
  for (std::size_t at = 0; at <= page.size(); ++at) {
    scanner.feed(page.substr(0, at));
    scanner.feed(page.substr(at));
    EXPECT_EQ(scanner.finish(), expected) << "split at byte " << at;
  }
}

}  // namespace
}  // namespace farebench
