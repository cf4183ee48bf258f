#include "mock_server/site/site.hpp"

#include <gmock/gmock.h>

#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "mock_server/site/numbered_page.hpp"
#include "mock_server/site/results_page.hpp"
#include "tests/mock_server/samples.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

std::string new_cookie(site& tickets) {
  return session_in(tickets.respond({.method = "GET", .target = "/m/"}).set_cookie);
}

site_response post(site& tickets, std::string_view cookie, std::string_view body = form_on_day(0),
                   std::string_view content_type = form_type) {
  return tickets.respond({"POST", search_path, cookie, content_type, body});
}

TEST(site, start_page_starts_a_session) {
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

TEST(site, search_returns_the_results_page) {
  site tickets{3};
  const auto found = post(tickets, new_cookie(tickets));
  EXPECT_EQ(found.status, 200);
  EXPECT_EQ(found.body, results_page(query_on_day(0), 3));
  EXPECT_THAT(found.set_cookie, IsEmpty());
}

TEST(site, session_is_found_among_other_cookies) {
  site tickets{3};
  EXPECT_EQ(post(tickets, "lang=cs; " + new_cookie(tickets) + ";theme=dark").status, 200);
  EXPECT_EQ(post(tickets, "JSESSIONID=stale; " + new_cookie(tickets)).status, 200);
}

TEST(site, response_has_the_ordinal_of_its_session) {
  site tickets{3};
  new_cookie(tickets);
  const auto started = tickets.respond({.method = "GET", .target = "/m/"});
  EXPECT_EQ(started.session_ordinal, 1u);
  const auto cookie = session_in(started.set_cookie);
  new_cookie(tickets);
  EXPECT_EQ(post(tickets, "JSESSIONID=stale; " + cookie).session_ordinal, 1u);
  EXPECT_EQ(post(tickets, "JSESSIONID=stale").session_ordinal, std::nullopt);
}

TEST(site, search_without_live_session_gives_403) {
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

TEST(site, two_sessions_can_alternate) {
  site tickets{3};
  const std::string first = new_cookie(tickets);
  const std::string second = new_cookie(tickets);
  EXPECT_EQ(post(tickets, first).status, 200);
  EXPECT_EQ(post(tickets, second).status, 200);
  EXPECT_EQ(post(tickets, first).status, 200);
}

TEST(site, invalid_form_gives_400_and_its_reason) {
  site tickets{3};
  const std::string cookie = new_cookie(tickets);
  const auto refused = post(tickets, cookie, "fromStation=ID1&toStation=ID2&departure=30.02.26");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body, "form field departure is not a date that exists, as dd.mm.yy\n");
  for (const char* type : {"", "text/plain", "application/json", "application/x-www-form-urlencodedx",
                           "multipart/form-data; boundary=x"}) {
    const auto wrong_type = post(tickets, cookie, form_on_day(0), type);
    EXPECT_EQ(wrong_type.status, 400) << type;
    EXPECT_THAT(wrong_type.body, HasSubstr("content type"));
  }
  EXPECT_EQ(post(tickets, cookie, form_on_day(0), "Application/X-WWW-Form-URLencoded ; charset=utf-8").status,
            200);
}

TEST(site, unknown_target_gives_404) {
  site tickets{3};
  for (const char* target : {"/", "/m", "/m/x", "/M/", "/m//", "", "/stats", "/page/", "/page/01",
                             "/page/1000000", "/m/../m/", "http://127.0.0.1/m/"}) {
    EXPECT_EQ(tickets.respond({.method = "GET", .target = target}).status, 404) << target;
    EXPECT_EQ(tickets.respond({.method = "POST", .target = target}).status, 404) << target;
  }
  EXPECT_EQ(
      tickets.respond({.method = "POST", .target = "/m/?1-1.IFormSubmitListener-searchForm-form"}).status,
      404);
  EXPECT_EQ(tickets.respond({.method = "GET", .target = "/m/?lang=cs"}).status, 200);
}

TEST(site, wrong_method_gives_405_and_allowed_methods) {
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

TEST(site, numbered_page_needs_no_session) {
  site tickets{3};
  for (const char* method : {"GET", "HEAD"}) {
    const auto page = tickets.respond({.method = method, .target = "/page/17"});
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.content_type, "text/plain; charset=utf-8");
    EXPECT_EQ(page.body, page_body(17, 3));
    EXPECT_THAT(page.set_cookie, IsEmpty());
    EXPECT_EQ(page.session_ordinal, std::nullopt);
  }
  EXPECT_EQ(tickets.sessions_started(), 0u);
}

TEST(site, numbered_page_is_only_read) {
  site tickets{3};
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    const auto refused = tickets.respond({.method = method, .target = "/page/17"});
    EXPECT_EQ(refused.status, 405) << method;
    EXPECT_EQ(refused.allow, "GET, HEAD");
  }
}

TEST(site, page_size_out_of_bounds_throws) {
  EXPECT_THROW(site{1}, std::invalid_argument);
  EXPECT_THROW(site{4097}, std::invalid_argument);
}

TEST(decode_form, names_and_values_keep_their_order) {
  EXPECT_THAT(decode_form("a=1&b=two&a=3").value(),
              ElementsAre(Pair("a", "1"), Pair("b", "two"), Pair("a", "3")));
}

TEST(decode_form, plus_and_percent_are_decoded) {
  EXPECT_THAT(decode_form("x%3Dy=1+2%2b%C5%BD&d=01%2E03%2E26").value(),
              ElementsAre(Pair("x=y", "1 2+\u017d"), Pair("d", "01.03.26")));
}

TEST(decode_form, missing_name_or_value_is_empty) {
  EXPECT_THAT(decode_form("").value(), IsEmpty());
  EXPECT_THAT(decode_form("&&").value(), IsEmpty());
  EXPECT_THAT(decode_form("a&=b&c=&d=e=f").value(),
              ElementsAre(Pair("a", ""), Pair("", "b"), Pair("c", ""), Pair("d", "e=f")));
}

TEST(decode_form, invalid_percent_encoding_names_its_field) {
  for (const char* body :
       {"a=1&b=%", "a=1&b=%4", "a=1&b=%4g", "a=1&b=% 41", "a=1&b=%+1", "a=1&b=%-1", "a=1&%zz=1"}) {
    const auto fields = decode_form(body);
    ASSERT_FALSE(fields) << body;
    EXPECT_THAT(fields.error(), HasSubstr("form field 2"));
  }
}

const query search_of_march{"ID10202003", "ID10202002", 2026y / std::chrono::March / 1};

TEST(read_search_form, valid_form_gives_its_query) {
  EXPECT_EQ(read_search_form("fromStation=ID10202003&toStation=ID10202002&departure=01.03.26"),
            search_of_march);
  EXPECT_EQ(read_search_form("departure=01%2e03%2E26&toStation=ID10202002&fromStation=ID10202003"),
            search_of_march);
}

TEST(read_search_form, other_fields_are_ignored) {
  EXPECT_EQ(
      read_search_form("id_hf_0=&fromStation=ID10202003&toStation=ID10202002&departure=01.03.26&id_hf_0="),
      search_of_march);
}

TEST(read_search_form, invalid_form_names_the_field) {
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
    const auto search = read_search_form(body);
    ASSERT_FALSE(search) << body;
    EXPECT_THAT(search.error(), HasSubstr(reason));
    EXPECT_THAT(search.error(), Not(HasSubstr("\n")));
  }
}

TEST(session_store, only_started_sessions_are_live) {
  session_store sessions;
  const std::string id = sessions.start().id;
  EXPECT_TRUE(sessions.ordinal_of(id));
  EXPECT_FALSE(sessions.ordinal_of(""));
  EXPECT_FALSE(sessions.ordinal_of(id.substr(1)));
  EXPECT_FALSE(sessions.ordinal_of(id + "0"));
  EXPECT_FALSE(sessions.ordinal_of(std::string(32, 'x')));
  EXPECT_FALSE(sessions.ordinal_of(std::string(32, '0')));
}

TEST(session_store, session_ids_are_unique) {
  session_store sessions;
  std::set<std::string> ids;
  for (int i = 0; i < 10'000; ++i) ids.insert(sessions.start().id);
  EXPECT_EQ(ids.size(), 10'000u);
  EXPECT_EQ(sessions.started(), 10'000u);
}

TEST(session_store, full_store_ends_the_oldest_session) {
  session_store sessions{3};
  std::vector<std::string> ids;
  for (std::uint64_t i = 0; i < 8; ++i) {
    const auto started = sessions.start();
    EXPECT_EQ(started.ordinal, i);
    EXPECT_EQ(sessions.ordinal_of(started.id), i);
    ids.push_back(started.id);
  }
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(sessions.ordinal_of(ids[static_cast<std::size_t>(i)]).has_value(), i >= 5) << i;
  EXPECT_EQ(sessions.ordinal_of(ids[0]), std::nullopt);
  EXPECT_EQ(sessions.started(), 8u);
}

TEST(session_store, reset_ends_all_sessions) {
  session_store sessions{3};
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(sessions.start().id);
  sessions.reset();
  for (const std::string& id : ids) EXPECT_EQ(sessions.ordinal_of(id), std::nullopt);
  EXPECT_EQ(sessions.started(), 0u);
  for (std::uint64_t i = 0; i < 5; ++i) EXPECT_EQ(sessions.start().ordinal, i);
  EXPECT_EQ(sessions.started(), 5u);
}

TEST(session_store, four_threads_can_start_sessions) {
  session_store sessions{64};
  std::vector<std::jthread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2'000; ++i) sessions.ordinal_of(sessions.start().id);
    });
  }
  threads.clear();
  EXPECT_EQ(sessions.started(), 8'000u);
}

}  // namespace
}  // namespace farebench
