#include <gmock/gmock.h>

#include <ctime>
#include <set>

#include "mock_server/faults/fault_effects.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;
using testing::HasSubstr;
using testing::Not;

site_response plain() {
  site_response response;
  response.content_type = "text/html; charset=utf-8";
  response.set_cookie = "JSESSIONID=1234; Path=/; HttpOnly";
  response.body = "<html>page</html>";
  return response;
}

site_response altered(fault_kind kind, std::uint64_t seed = 1, system_clock::time_point now = {}) {
  site_response response = plain();
  random_stream random{seed};
  alter_response(kind, response, random, now);
  return response;
}

TEST(altered_head, has_another_status_and_no_session) {
  const std::pair<fault_kind, int> cases[] = {
      {fault_kind::status_404, 404},           {fault_kind::status_408, 408},
      {fault_kind::status_500, 500},           {fault_kind::status_502, 502},
      {fault_kind::status_503, 503},           {fault_kind::status_504, 504},
      {fault_kind::retry_after_seconds, 429},  {fault_kind::retry_after_date, 429},
      {fault_kind::retry_after_date_503, 503}, {fault_kind::retry_after_absurd, 429},
      {fault_kind::retry_after_garbage, 429},  {fault_kind::redirect_loop, 302},
      {fault_kind::redirect_to_file, 302},     {fault_kind::redirect_to_nowhere, 302},
      {fault_kind::error_page, 200},
  };
  for (const auto& [kind, status] : cases) {
    const site_response response = altered(kind);
    EXPECT_EQ(response.status, status) << to_string(kind);
    EXPECT_EQ(response.set_cookie, "");
    EXPECT_THAT(response.body, HasSubstr("Omlouváme se"));
    EXPECT_THAT(response.body, Not(HasSubstr("select-line")));
  }
}

TEST(altered_head, flaps_among_four_statuses) {
  std::set<int> seen;
  for (std::uint64_t seed = 0; seed < 100; ++seed)
    seen.insert(altered(fault_kind::flapping_5xx, seed).status);
  EXPECT_EQ(seen, (std::set{500, 502, 503, 504}));
}

TEST(altered_head, sets_retry_after) {
  const auto now = std::chrono::sys_days{1994y / 11 / 6} + 8h + 49min + 35s;
  EXPECT_EQ(altered(fault_kind::retry_after_seconds).retry_after, "1");
  EXPECT_EQ(altered(fault_kind::retry_after_date, 1, now).retry_after, "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(altered(fault_kind::retry_after_date_503, 1, now + 1ms).retry_after,
            "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(altered(fault_kind::retry_after_absurd).retry_after, "99999999999999999999");
  EXPECT_EQ(altered(fault_kind::retry_after_garbage).retry_after, "soon");
}

TEST(altered_head, redirects) {
  EXPECT_EQ(altered(fault_kind::redirect_loop).location, redirect_target);
  EXPECT_EQ(altered(fault_kind::redirect_to_file).location, "file:///etc/passwd");
  EXPECT_EQ(altered(fault_kind::redirect_to_nowhere).location, "");
}

TEST(altered_head, removes_or_changes_the_cookie) {
  EXPECT_EQ(altered(fault_kind::no_cookie).set_cookie, "");
  EXPECT_EQ(altered(fault_kind::no_cookie).status, 200);
  EXPECT_EQ(altered(fault_kind::foreign_cookie).set_cookie,
            "JSESSIONID=1234; Path=/; HttpOnly; Domain=example.org");
}

// The site itself expires sessions, the engine delays responses, and a page without rows cannot be altered.
TEST(fault, alters_a_response_or_has_a_script_not_both) {
  for (const fault_description& fault : fault_table) {
    const site_response response = altered(fault.kind);
    const bool is_spoiled =
        response.status != 200 || response.body != plain().body || response.set_cookie != plain().set_cookie;
    const bool is_neither = fault.kind == fault_kind::late_response ||
                            fault.kind == fault_kind::expired_session ||
                            fault.kind >= fault_kind::malformed_html;
    EXPECT_EQ(is_spoiled + make_script(fault.kind, plain()).has_value(), is_neither ? 0 : 1) << fault.name;
  }
}

// So that many connections with faults take little memory.
TEST(script, takes_little_more_memory_than_the_response) {
  for (const fault_description& fault : fault_table) {
    const auto script = make_script(fault.kind, plain());
    if (!script) continue;
    std::size_t held = 0;
    for (const auto& piece : script->chunks) {
      EXPECT_GT(piece.times, 0u);
      held += piece.bytes.size();
    }
    EXPECT_LT(held, 16u * 1024) << fault.name;
  }
}

}  // namespace
}  // namespace farebench
