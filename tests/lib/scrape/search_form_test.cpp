#include "farebench/site_protocol.hpp"

#include <gtest/gtest.h>

#include <string>

namespace farebench {
namespace {

using namespace std::chrono_literals;

const query asked{.from = "ID10202003", .to = "ID10202002", .date = 2026y / 3 / 7};

TEST(search_form, holds_the_query_as_the_site_asks_for_it) {
  EXPECT_EQ(search_form_body(asked).value(),
            "fromStation=ID10202003&toStation=ID10202002&departure=07.03.26");
}

TEST(search_form, encodes_what_would_end_a_field) {
  query odd = asked;
  odd.from = "a&b=c d+\xC3\xA9*-._~%";
  EXPECT_TRUE(
      search_form_body(odd).value().starts_with("fromStation=a%26b%3Dc+d%2B%C3%A9*-._%7E%25&toStation="));
}

TEST(search_form, refuses_what_it_cannot_hold) {
  for (const auto& wrong :
       {query{"", asked.to, asked.date}, query{asked.from, "", asked.date},
        query{asked.from, asked.to, 1999y / 12 / 31}, query{asked.from, asked.to, 2100y / 1 / 1},
        query{asked.from, asked.to, 2026y / 2 / 29}}) {
    const auto body = search_form_body(wrong);
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().kind, fetch_error_kind::invalid_query);
  }
}

}  // namespace
}  // namespace farebench
