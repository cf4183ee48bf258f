#include "mock_server/site/results_page.hpp"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

#include "mock_server/site/timetable.hpp"
#include "tests/mock_server/site/libxml2_fares.hpp"
#include "tests/mock_server/site/queries.hpp"
#include "tests/support/sampled_cases.hpp"

namespace farebench {
namespace {

TEST(results_page, gives_libxml2_exactly_the_timetable) {
  for (const std::size_t page_kb : {2u, 3u, 4u, 5u, 8u, 13u, 16u, 17u, 30u, 64u, 94u, 95u, 200u}) {
    for (int day = 0; day < 60; day += test::case_step) {
      const query search = query_on_day(day);
      ASSERT_EQ(libxml2_fares(results_page(search, page_kb)), timetable(search, page_kb))
          << page_kb << " KiB, day " << day;
    }
  }
}

TEST(results_page, has_exactly_the_requested_size) {
  for (std::size_t page_kb = min_page_kb; page_kb <= 150; ++page_kb) {
    for (int day = 0; day < 20; day += test::case_step) {
      ASSERT_EQ(results_page(query_on_day(day), page_kb).size(), page_kb * 1024);
    }
  }
  const query longest{"ID123456789012345678", "ID999999999999999999", query_on_day(0).date};
  for (const std::size_t page_kb : {min_page_kb, std::size_t{3}, max_page_kb}) {
    ASSERT_EQ(results_page(longest, page_kb).size(), page_kb * 1024);
    ASSERT_EQ(libxml2_fares(results_page(longest, page_kb)), timetable(longest, page_kb));
  }
}

TEST(results_page, fits_for_any_station_names) {
  for (int station = 0; station < 2000; station += test::case_step) {
    const query search{"ID10000000000000" + std::to_string(1000 + station), "ID99",
                       query_on_day(station).date};
    for (const std::size_t page_kb : {2u, 3u}) {
      ASSERT_EQ(results_page(search, page_kb).size(), page_kb * 1024);
      ASSERT_EQ(libxml2_fares(results_page(search, page_kb)), timetable(search, page_kb));
    }
  }
}

TEST(results_page, depends_on_query_and_size_only) {
  std::set<std::string> pages;
  for (int day = 0; day < 100; ++day) {
    const std::string page = results_page(query_on_day(day), 3);
    EXPECT_EQ(results_page(query_on_day(day), 3), page);
    pages.insert(page);
  }
  EXPECT_EQ(pages.size(), 100u);
}

TEST(results_page, holds_traps_for_naive_scanners) {
  std::string pages;
  for (int day = 0; day < 30; ++day)
    pages += results_page(query_on_day(day), 94) + results_page(query_on_day(day), 3);
  for (const char* trap :
       {"<!-- <div class=\"select-line\">", "\"<div class='select-line'>", "class='select-line'>",
        "select-line-train", "row select-line first", "train-line", "title=\"od > do\"", "&nbsp;", "&#43;",
        "&Eacute;", "&euro;", "Kč", "Praha–Florenc", "class=select-line>", "<svg"}) {
    EXPECT_NE(pages.find(trap), std::string::npos) << trap;
  }
}

TEST(results_page, refuses_a_size_outside_its_bounds) {
  EXPECT_THROW(results_page(query_on_day(0), min_page_kb - 1), std::invalid_argument);
  EXPECT_THROW(results_page(query_on_day(0), max_page_kb + 1), std::invalid_argument);
}

}  // namespace
}  // namespace farebench
