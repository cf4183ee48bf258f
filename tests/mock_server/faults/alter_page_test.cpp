// An altered page against the library's scanner and libxml2: the right fares or an error, never others.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "farebench/fare_scanner.hpp"
#include "mock_server/faults/fault_effects.hpp"
#include "mock_server/site/results_page.hpp"
#include "mock_server/site/timetable.hpp"
#include "tests/mock_server/site/libxml2_fares.hpp"
#include "tests/mock_server/site/queries.hpp"
#include "tests/support/sampled_cases.hpp"

namespace farebench {
namespace {

constexpr int days = 60;

outcome scanned(const std::string& page) {
  fare_scanner scanner;
  scanner.feed(page);
  return scanner.finish();
}

std::string altered(fault_kind kind, const query& search, std::size_t page_kb, std::uint64_t seed) {
  std::string page = results_page(search, page_kb);
  random_stream random{seed};
  alter_page(kind, page, random);
  return page;
}

class altered_page : public testing::TestWithParam<std::size_t> {
 protected:
  // Calls check(page, query) with many pages that this fault has altered.
  template <typename Check>
  void for_each_page(fault_kind kind, Check check) {
    for (int day = 0; day < days; day += test::case_step) {
      const query search = query_on_day(day);
      for (std::uint64_t seed = 0; seed < 8; ++seed) {
        const std::string page = altered(kind, search, GetParam(), seed);
        ASSERT_NE(page, results_page(search, GetParam())) << to_string(kind);
        check(page, search);
      }
    }
  }
};
INSTANTIATE_TEST_SUITE_P(page_kb, altered_page, testing::Values(2, 3, 10, 30));

TEST_P(altered_page, with_malformed_html_has_the_same_rows) {
  for_each_page(fault_kind::malformed_html, [&](const std::string& page, const query& search) {
    const auto expected = timetable(search, GetParam());
    ASSERT_EQ(libxml2_fares(page), expected) << page;
    ASSERT_EQ(scanned(page), expected) << page;
  });
}

TEST_P(altered_page, with_an_invalid_row_is_a_scanner_error) {
  for (const fault_kind kind :
       {fault_kind::mis_encoded_html, fault_kind::missing_field, fault_kind::extra_field,
        fault_kind::price_not_a_number, fault_kind::price_too_large}) {
    for_each_page(kind, [&](const std::string& page, const query&) {
      const outcome found = scanned(page);
      ASSERT_FALSE(found) << to_string(kind) << "\n" << page;
      ASSERT_EQ(found.error().kind, fetch_error_kind::malformed_page);
    });
  }
}

TEST_P(altered_page, with_an_unclosed_comment_is_cut_to_the_scanner) {
  for_each_page(fault_kind::unclosed_comment, [&](const std::string& page, const query&) {
    const outcome found = scanned(page);
    ASSERT_FALSE(found) << page;
    ASSERT_EQ(found.error().kind, fetch_error_kind::bad_response);
  });
}

TEST_P(altered_page, is_the_same_for_the_same_draws) {
  const query search = query_on_day(1);
  for (const fault_description& fault : fault_table) {
    EXPECT_EQ(altered(fault.kind, search, GetParam(), 5), altered(fault.kind, search, GetParam(), 5));
  }
}

TEST(altered_page, without_rows_stays_as_it_is) {
  for (const fault_description& fault : fault_table) {
    std::string page = "<html><body>nothing</body></html>";
    random_stream random{1};
    alter_page(fault.kind, page, random);
    EXPECT_EQ(page, "<html><body>nothing</body></html>");
  }
}

}  // namespace
}  // namespace farebench
