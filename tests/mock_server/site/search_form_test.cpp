#include "mock_server/site/site.hpp"

#include <gmock/gmock.h>

namespace farebench {
namespace {

using namespace std::chrono;
using testing::HasSubstr;
using testing::Not;

const query expected{"ID10202003", "ID10202002", 2026y / March / 1};

TEST(read_search_form, reads_a_query) {
  EXPECT_EQ(read_search_form("fromStation=ID10202003&toStation=ID10202002&departure=01.03.26"), expected);
  EXPECT_EQ(read_search_form("departure=01%2e03%2E26&toStation=ID10202002&fromStation=ID10202003"), expected);
}

TEST(read_search_form, leaves_other_fields_alone) {
  EXPECT_EQ(
      read_search_form("id_hf_0=&fromStation=ID10202003&toStation=ID10202002&departure=01.03.26&id_hf_0="),
      expected);
}

TEST(read_search_form, refuses_what_is_not_a_query_naming_the_field) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "fromStation is missing"},
      {"toStation=ID2&departure=01.03.26", "fromStation is missing"},
      {"fromStation=ID1&departure=01.03.26", "toStation is missing"},
      {"fromStation=ID1&toStation=ID2", "departure is missing"},
      {"fromStation=ID1&fromStation=ID1&toStation=ID2&departure=01.03.26",
       "fromStation is given more than once"},
      {"fromStation=ID1&toStation=ID2&departure=01.03.26&departure=02.03.26",
       "departure is given more than once"},
      {"fromStation=1&toStation=ID2&departure=01.03.26", "fromStation is not a station"},
      {"fromStation=ID&toStation=ID2&departure=01.03.26", "fromStation is not a station"},
      {"fromStation=ID1&toStation=ID2x&departure=01.03.26", "toStation is not a station"},
      {"fromStation=ID1&toStation=ID1234567890123456789&departure=01.03.26", "toStation is not a station"},
      {"fromStation=ID1&toStation=ID%22%3E&departure=01.03.26", "toStation is not a station"},
      {"fromStation=ID1&toStation=ID2&departure=", "departure is not a date"},
      {"fromStation=ID1&toStation=ID2&departure=1.3.26", "departure is not a date"},
      {"fromStation=ID1&toStation=ID2&departure=2026-03-01", "departure is not a date"},
      {"fromStation=ID1&toStation=ID2&departure=30.02.26", "departure is not a date"},
      {"fromStation=ID1&toStation=ID2&departure=%zz", "percent-encoding in form field 3"},
  };
  for (const auto& [body, reason] : cases) {
    const auto read = read_search_form(body);
    ASSERT_FALSE(read) << body;
    EXPECT_THAT(read.error(), HasSubstr(reason));
    EXPECT_THAT(read.error(), Not(HasSubstr("\n")));
  }
}

}  // namespace
}  // namespace farebench
