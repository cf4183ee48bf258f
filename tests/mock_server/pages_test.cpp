#include "mock_server/site/timetable.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "farebench/fare_scanner.hpp"
#include "mock_server/faults/fault_effects.hpp"
#include "mock_server/site/results_page.hpp"
#include "tests/mock_server/gumbo_fares.hpp"
#include "tests/mock_server/samples.hpp"
#include "tests/support/sampled_cases.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

// A change of the timetable would change all workloads.
TEST(timetable, timetable_is_the_same_on_every_platform) {
  const auto fares = timetable(query_on_day(59), 3);
  ASSERT_FALSE(fares.empty());
  EXPECT_EQ(timetable_seed(query_on_day(59), 3), 10912098247260049799u);
  EXPECT_EQ(fares.size(), 10u);
  EXPECT_EQ(fares.front(), (fare{4h + 47min, 7h, "Élan", 23, 834'90, "Kč"}));
}

TEST(timetable, each_argument_changes_the_timetable) {
  const query search = query_on_day(0);
  const auto fares = timetable(search, 3);
  EXPECT_EQ(timetable(search, 3), fares);
  EXPECT_NE(timetable(query_on_day(1), 3), fares);
  EXPECT_NE(timetable(search, 4), fares);
  query other = search;
  std::swap(other.from, other.to);
  EXPECT_NE(timetable(other, 3), fares);
}

TEST(timetable, shifted_digit_between_stations_changes_fares) {
  const auto date = query_on_day(0).date;
  EXPECT_NE(timetable({"ID1", "ID23", date}, 3), timetable({"ID12", "ID3", date}, 3));
}

TEST(timetable, number_of_rows_follows_page_size) {
  for (int day = 0; day < 400; ++day) {
    const auto small = timetable(query_on_day(day), 3).size();
    EXPECT_TRUE(small >= 8 && small <= 12) << small;
    const auto large = timetable(query_on_day(day), 94).size();
    EXPECT_TRUE(large >= 40 && large <= 64) << large;
    EXPECT_GE(timetable(query_on_day(day), min_page_kb).size(), 1u);
  }
}

TEST(timetable, fares_are_valid_and_sorted_by_departure) {
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

TEST(timetable, page_size_out_of_bounds_throws) {
  EXPECT_THROW(timetable(query_on_day(0), min_page_kb - 1), std::invalid_argument);
  EXPECT_THROW(timetable(query_on_day(0), max_page_kb + 1), std::invalid_argument);
}

TEST(results_page, gumbo_finds_exactly_the_timetable) {
  for (const std::size_t page_kb : {2u, 3u, 4u, 5u, 8u, 13u, 16u, 17u, 30u, 64u, 94u, 95u, 200u}) {
    for (int day = 0; day < 60; day += test::case_step) {
      const query search = query_on_day(day);
      ASSERT_EQ(gumbo_fares(results_page(search, page_kb)), timetable(search, page_kb))
          << page_kb << " KiB, day " << day;
    }
  }
}

TEST(results_page, page_has_exactly_the_requested_size) {
  for (std::size_t page_kb = min_page_kb; page_kb <= 150; ++page_kb) {
    for (int day = 0; day < 20; day += test::case_step) {
      ASSERT_EQ(results_page(query_on_day(day), page_kb).size(), page_kb * 1024);
    }
  }
  const query longest{"ID123456789012345678", "ID999999999999999999", query_on_day(0).date};
  for (const std::size_t page_kb : {min_page_kb, std::size_t{3}, max_page_kb}) {
    ASSERT_EQ(results_page(longest, page_kb).size(), page_kb * 1024);
    ASSERT_EQ(gumbo_fares(results_page(longest, page_kb)), timetable(longest, page_kb));
  }
}

TEST(results_page, any_station_gives_the_requested_size) {
  for (int station = 0; station < 2000; station += test::case_step) {
    const query search{"ID10000000000000" + std::to_string(1000 + station), "ID99",
                       query_on_day(station).date};
    for (const std::size_t page_kb : {2u, 3u}) {
      ASSERT_EQ(results_page(search, page_kb).size(), page_kb * 1024);
      ASSERT_EQ(gumbo_fares(results_page(search, page_kb)), timetable(search, page_kb));
    }
  }
}

TEST(results_page, same_query_and_size_give_same_page) {
  std::set<std::string> pages;
  for (int day = 0; day < 100; ++day) {
    const std::string page = results_page(query_on_day(day), 3);
    EXPECT_EQ(results_page(query_on_day(day), 3), page);
    pages.insert(page);
  }
  EXPECT_EQ(pages.size(), 100u);
}

TEST(results_page, pages_contain_traps_for_naive_scanners) {
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

TEST(results_page, page_size_out_of_bounds_throws) {
  EXPECT_THROW(results_page(query_on_day(0), min_page_kb - 1), std::invalid_argument);
  EXPECT_THROW(results_page(query_on_day(0), max_page_kb + 1), std::invalid_argument);
}

class row_places : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(page_kb, row_places, testing::Values(2, 3, 10, 30, 94));

TEST_P(row_places, row_places_match_the_fares) {
  for (int day = 0; day < 50; ++day) {
    const query search = query_on_day(day);
    const std::string page = results_page(search, GetParam());
    const auto fares = timetable(search, GetParam());
    const auto places = find_bus_rows(page);
    ASSERT_EQ(places.size(), fares.size()) << "day " << day;
    for (std::size_t i = 0; i < fares.size(); ++i) {
      const auto& [row, words] = places[i];
      // The row alone, as another parser reads it.
      EXPECT_EQ(gumbo_fares(page.substr(row.begin, row.end - row.begin)), std::vector{fares[i]});
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

TEST(row_places, other_text_has_no_row_places) {
  EXPECT_TRUE(find_bus_rows(start_page()).empty());
  EXPECT_TRUE(find_bus_rows("").empty());
  EXPECT_TRUE(find_bus_rows("<div class=\"select-line\">").empty());
  EXPECT_TRUE(find_bus_rows("<div class=\"select-line\">01:00 02:00 a 1 1 CZK</div>\n").empty());
}

// Pages of the site, read by the library's scanner.

outcome scan_chunks(fare_scanner& scanner, std::string_view page, std::size_t chunk_bytes) {
  for (std::size_t at = 0; at < page.size(); at += chunk_bytes) scanner.feed(page.substr(at, chunk_bytes));
  return scanner.finish();
}

class scanned_page : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(page_kb, scanned_page, testing::Values(2, 3, 10, 94));

TEST_P(scanned_page, chunks_of_any_size_give_the_timetable) {
  fare_scanner scanner;
  for (int day = 0; day < 20; ++day) {
    const query search = query_on_day(day);
    const std::string page = results_page(search, GetParam());
    for (const std::size_t chunk_bytes :
         {std::size_t{1}, std::size_t{7}, std::size_t{1460}, std::size_t{16384}, page.size()}) {
      EXPECT_EQ(scan_chunks(scanner, page, chunk_bytes), timetable(search, GetParam()))
          << "day " << day << ", chunks of " << chunk_bytes << " bytes";
    }
  }
}

TEST(scanned_page, split_at_any_byte_gives_the_timetable) {
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

// Pages with a fault, read by the library's scanner and by gumbo.

constexpr int altered_days = 60;

outcome scan(const std::string& page) {
  fare_scanner scanner;
  return scan_chunks(scanner, page, page.size());
}

std::string alter_results_page(fault_kind kind, const query& search, std::size_t page_kb,
                               std::uint64_t seed) {
  std::string page = results_page(search, page_kb);
  random_stream random{seed};
  alter_page(kind, page, random);
  return page;
}

class altered_page : public testing::TestWithParam<std::size_t> {
 protected:
  /// Calls check(page, query) with many pages that have this fault.
  template <typename Check>
  void for_each_page(fault_kind kind, Check check) {
    for (int day = 0; day < altered_days; day += test::case_step) {
      const query search = query_on_day(day);
      for (std::uint64_t seed = 0; seed < 8; ++seed) {
        const std::string page = alter_results_page(kind, search, GetParam(), seed);
        ASSERT_NE(page, results_page(search, GetParam())) << to_string(kind);
        check(page, search);
      }
    }
  }
};
INSTANTIATE_TEST_SUITE_P(page_kb, altered_page, testing::Values(2, 3, 10, 30));

TEST_P(altered_page, malformed_html_has_the_same_rows) {
  for_each_page(fault_kind::malformed_html, [&](const std::string& page, const query& search) {
    const auto expected = timetable(search, GetParam());
    ASSERT_EQ(gumbo_fares(page), expected) << page;
    ASSERT_EQ(scan(page), expected) << page;
  });
}

TEST_P(altered_page, invalid_row_is_a_scanner_error) {
  for (const fault_kind kind :
       {fault_kind::mis_encoded_html, fault_kind::missing_field, fault_kind::extra_field,
        fault_kind::price_not_a_number, fault_kind::price_too_large}) {
    for_each_page(kind, [&](const std::string& page, const query&) {
      const outcome found = scan(page);
      ASSERT_FALSE(found) << to_string(kind) << "\n" << page;
      ASSERT_EQ(found.error().kind, fetch_error_kind::malformed_page);
    });
  }
}

TEST_P(altered_page, unclosed_comment_is_an_incomplete_page) {
  for_each_page(fault_kind::unclosed_comment, [&](const std::string& page, const query&) {
    const outcome found = scan(page);
    ASSERT_FALSE(found) << page;
    ASSERT_EQ(found.error().kind, fetch_error_kind::bad_response);
  });
}

TEST_P(altered_page, same_draws_alter_a_page_equally) {
  const query search = query_on_day(1);
  for (const fault_description& fault : fault_table) {
    EXPECT_EQ(alter_results_page(fault.kind, search, GetParam(), 5),
              alter_results_page(fault.kind, search, GetParam(), 5));
  }
}

TEST(altered_page, page_without_rows_is_not_altered) {
  for (const fault_description& fault : fault_table) {
    std::string page = "<html><body>nothing</body></html>";
    random_stream random{1};
    alter_page(fault.kind, page, random);
    EXPECT_EQ(page, "<html><body>nothing</body></html>");
  }
}

}  // namespace
}  // namespace farebench
