#include "mock_server/site/site.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

#include "mock_server/site/results_page.hpp"
#include "tests/mock_server/site/queries.hpp"

namespace farebench {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::string_view search_path = "/m/?0-1.IFormSubmitListener-searchForm-form";
constexpr std::string_view form_type = "application/x-www-form-urlencoded";
constexpr std::string_view form = "fromStation=ID10202003&toStation=ID10202002&departure=01.01.26";

std::string new_cookie(site& tickets) {
  const std::string set = tickets.respond({.method = "GET", .target = "/m/"}).set_cookie;
  return set.substr(0, set.find(';'));
}

site_response post(site& tickets, std::string_view cookie, std::string_view body = form,
                   std::string_view content_type = form_type) {
  return tickets.respond({"POST", search_path, cookie, content_type, body});
}

TEST(site, starts_a_session_with_the_start_page) {
  site tickets{3};
  const auto page = tickets.respond({.method = "GET", .target = "/m/"});
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(page.set_cookie, StartsWith("JSESSIONID="));
  EXPECT_THAT(page.set_cookie, HasSubstr("; Path=/"));
  EXPECT_THAT(page.body, HasSubstr("name=\"departure\""));
  EXPECT_LT(page.body.size(), 2048u);
  EXPECT_EQ(tickets.sessions_started(), 1u);
  EXPECT_NE(new_cookie(tickets), new_cookie(tickets));
}

TEST(site, responds_to_a_search_with_the_results_page) {
  site tickets{3};
  const auto found = post(tickets, new_cookie(tickets));
  EXPECT_EQ(found.status, 200);
  EXPECT_EQ(found.body, results_page(query_on_day(0), 3));
  EXPECT_THAT(found.set_cookie, IsEmpty());
}

TEST(site, finds_the_session_among_other_cookies) {
  site tickets{3};
  EXPECT_EQ(post(tickets, "lang=cs; " + new_cookie(tickets) + ";theme=dark").status, 200);
  EXPECT_EQ(post(tickets, "JSESSIONID=stale; " + new_cookie(tickets)).status, 200);
}

TEST(site, reports_the_ordinal_of_the_session) {
  site tickets{3};
  new_cookie(tickets);
  const auto started = tickets.respond({.method = "GET", .target = "/m/"});
  EXPECT_EQ(started.session_ordinal, 1u);
  const auto cookie = started.set_cookie.substr(0, started.set_cookie.find(';'));
  new_cookie(tickets);
  EXPECT_EQ(post(tickets, "JSESSIONID=stale; " + cookie).session_ordinal, 1u);
  EXPECT_EQ(post(tickets, "JSESSIONID=stale").session_ordinal, std::nullopt);
}

TEST(site, refuses_a_search_without_a_live_session) {
  site tickets{3};
  const std::string cookie = new_cookie(tickets);
  for (const std::string& none : {std::string{}, std::string{"JSESSIONID"}, std::string{"JSESSIONID="},
                                  std::string{"JSESSIONID=00000000000000000000000000000000"}, "X" + cookie,
                                  "jsessionid" + cookie.substr(10), cookie + "0"}) {
    const auto refused = post(tickets, none);
    EXPECT_EQ(refused.status, 403) << none;
    EXPECT_THAT(refused.body, HasSubstr("session"));
  }
}

TEST(site, keeps_two_sessions_apart) {
  site tickets{3};
  const std::string first = new_cookie(tickets);
  const std::string second = new_cookie(tickets);
  EXPECT_EQ(post(tickets, first).status, 200);
  EXPECT_EQ(post(tickets, second).status, 200);
  EXPECT_EQ(post(tickets, first).status, 200);
}

TEST(site, refuses_a_bad_form_with_its_reason_on_one_line) {
  site tickets{3};
  const std::string cookie = new_cookie(tickets);
  const auto refused = post(tickets, cookie, "fromStation=ID1&toStation=ID2&departure=30.02.26");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body, "form field departure is not a date that exists, as dd.mm.yy\n");
  for (const char* type : {"", "text/plain", "application/json", "application/x-www-form-urlencodedx",
                           "multipart/form-data; boundary=x"}) {
    const auto wrong_type = post(tickets, cookie, form, type);
    EXPECT_EQ(wrong_type.status, 400) << type;
    EXPECT_THAT(wrong_type.body, HasSubstr("content type"));
  }
  EXPECT_EQ(post(tickets, cookie, form, "Application/X-WWW-Form-URLencoded ; charset=utf-8").status, 200);
}

TEST(site, knows_no_other_page) {
  site tickets{3};
  for (const char* target :
       {"/", "/m", "/m/x", "/M/", "/m//", "", "/stats", "/m/../m/", "http://127.0.0.1/m/"}) {
    EXPECT_EQ(tickets.respond({.method = "GET", .target = target}).status, 404) << target;
    EXPECT_EQ(tickets.respond({.method = "POST", .target = target}).status, 404) << target;
  }
  EXPECT_EQ(
      tickets.respond({.method = "POST", .target = "/m/?1-1.IFormSubmitListener-searchForm-form"}).status,
      404);
  EXPECT_EQ(tickets.respond({.method = "GET", .target = "/m/?lang=cs"}).status, 200);
}

TEST(site, names_the_methods_that_a_known_page_has) {
  site tickets{3};
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    const auto refused = tickets.respond({.method = method, .target = "/m/"});
    EXPECT_EQ(refused.status, 405) << method;
    EXPECT_EQ(refused.allow, "GET, HEAD");
  }
  for (const char* method : {"GET", "HEAD", "PUT"}) {
    const auto refused = tickets.respond({.method = method, .target = search_path});
    EXPECT_EQ(refused.status, 405) << method;
    EXPECT_EQ(refused.allow, "POST");
    EXPECT_THAT(refused.body, EndsWith("\n"));
  }
}

TEST(site, refuses_a_page_size_outside_its_bounds) {
  EXPECT_THROW(site{1}, std::invalid_argument);
  EXPECT_THROW(site{4097}, std::invalid_argument);
}

}  // namespace
}  // namespace farebench
