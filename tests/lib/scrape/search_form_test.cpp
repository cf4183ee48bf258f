#include "farebench/site_protocol.hpp"

#include <gtest/gtest.h>

#include <string>

namespace farebench {
namespace {

using namespace std::chrono_literals;

const query search{.from = "ID10202003", .to = "ID10202002", .date = 2026y / 3 / 7};

TEST(search_form, holds_the_stations_and_the_date) {
  EXPECT_EQ(search_form_body(search).value(),
            "fromStation=ID10202003&toStation=ID10202002&departure=07.03.26");
}

TEST(search_form, percent_encodes_reserved_characters) {
  query odd = search;
  odd.from = "a&b=c d+\xC3\xA9*-._~%";
  EXPECT_TRUE(
      search_form_body(odd).value().starts_with("fromStation=a%26b%3Dc+d%2B%C3%A9*-._%7E%25&toStation="));
}

TEST(search_form, invalid_query_gives_an_error) {
  for (const auto& invalid :
       {query{"", search.to, search.date}, query{search.from, "", search.date},
        query{search.from, search.to, 1999y / 12 / 31}, query{search.from, search.to, 2100y / 1 / 1},
        query{search.from, search.to, 2026y / 2 / 29}}) {
    const auto body = search_form_body(invalid);
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().kind, fetch_error_kind::invalid_query);
  }
}

}  // namespace
}  // namespace farebench
