#include "site/search_form.hpp"

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

TEST(session_of, is_what_goes_back_in_a_cookie_header) {
  EXPECT_EQ(session_of("JSESSIONID=1f.node0"), "JSESSIONID=1f.node0");
  EXPECT_EQ(session_of("  JSESSIONID=a=b ; Path=/; HttpOnly"), "JSESSIONID=a=b");
  EXPECT_EQ(session_of("JSESSIONID=\"quoted\";Secure"), "JSESSIONID=\"quoted\"");
}

TEST(session_of, is_nothing_where_no_session_begins) {
  for (const char* const other :
       {"", ";", "=", "JSESSIONID", "JSESSIONID=", "JSESSIONID= ; Max-Age=0", "jsessionid=1", "XJSESSIONID=1",
        "JSESSIONIDX=1", "a=JSESSIONID=1", "theme=dark; JSESSIONID=1", "JSESSIONID=1\r2", "JSESSIONID=\x01",
        "JSESSIONID=1\x7F"}) {
    EXPECT_EQ(session_of(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace farebench
