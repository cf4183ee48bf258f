#include <gmock/gmock.h>

#include <ctime>
#include <set>

#include "mock_server/faults/fault_responses.hpp"
#include "mock_server/faults/fault_scripts.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;
using testing::HasSubstr;
using testing::Not;

site_response plain() {
  site_response answer;
  answer.content_type = "text/html; charset=utf-8";
  answer.set_cookie = "JSESSIONID=1234; Path=/; HttpOnly";
  answer.body = "<html>page</html>";
  return answer;
}

site_response spoiled(fault_kind kind, std::uint64_t seed = 1, system_clock::time_point now = {}) {
  site_response answer = plain();
  random_stream random{seed};
  alter_response(kind, answer, random, now);
  return answer;
}

TEST(spoiled_head, says_another_status_and_gives_no_session) {
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
    const site_response answer = spoiled(kind);
    EXPECT_EQ(answer.status, status) << to_string(kind);
    EXPECT_EQ(answer.set_cookie, "");
    EXPECT_THAT(answer.body, HasSubstr("Omlouváme se"));
    EXPECT_THAT(answer.body, Not(HasSubstr("select-line")));
  }
}

TEST(spoiled_head, flaps_among_four_statuses) {
  std::set<int> seen;
  for (std::uint64_t seed = 0; seed < 100; ++seed)
    seen.insert(spoiled(fault_kind::flapping_5xx, seed).status);
  EXPECT_EQ(seen, (std::set{500, 502, 503, 504}));
}

TEST(spoiled_head, says_when_to_come_again) {
  const auto now = std::chrono::sys_days{1994y / 11 / 6} + 8h + 49min + 35s;
  EXPECT_EQ(spoiled(fault_kind::retry_after_seconds).retry_after, "1");
  EXPECT_EQ(spoiled(fault_kind::retry_after_date, 1, now).retry_after, "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(spoiled(fault_kind::retry_after_date_503, 1, now + 1ms).retry_after,
            "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(spoiled(fault_kind::retry_after_absurd).retry_after, "99999999999999999999");
  EXPECT_EQ(spoiled(fault_kind::retry_after_garbage).retry_after, "soon");
}

TEST(spoiled_head, sends_elsewhere) {
  EXPECT_EQ(spoiled(fault_kind::redirect_loop).location, redirect_target);
  EXPECT_EQ(spoiled(fault_kind::redirect_to_file).location, "file:///etc/passwd");
  EXPECT_EQ(spoiled(fault_kind::redirect_to_nowhere).location, "");
}

TEST(spoiled_head, takes_the_cookie_away) {
  EXPECT_EQ(spoiled(fault_kind::no_cookie).set_cookie, "");
  EXPECT_EQ(spoiled(fault_kind::no_cookie).status, 200);
  EXPECT_EQ(spoiled(fault_kind::foreign_cookie).set_cookie,
            "JSESSIONID=1234; Path=/; HttpOnly; Domain=example.org");
}

// expired_session is the site's own doing, late_answer the engine's; and a page without rows has none to
// spoil.
TEST(fault, spoils_an_answer_or_has_a_script_but_not_both) {
  for (const fault_description& one : fault_table) {
    const site_response answer = spoiled(one.kind);
    const bool is_spoiled =
        answer.status != 200 || answer.body != plain().body || answer.set_cookie != plain().set_cookie;
    const bool is_neither = one.kind == fault_kind::late_response ||
                            one.kind == fault_kind::expired_session || one.kind >= fault_kind::malformed_html;
    EXPECT_EQ(is_spoiled + make_script(one.kind, plain()).has_value(), is_neither ? 0 : 1) << one.name;
  }
}

// So that many connections with faults cost little: what is sent for ever is not held for ever.
TEST(script, holds_little_more_than_the_answer) {
  for (const fault_description& one : fault_table) {
    const auto script = make_script(one.kind, plain());
    if (!script) continue;
    std::size_t held = 0;
    for (const auto& piece : script->chunks) {
      EXPECT_GT(piece.times, 0u);
      held += piece.bytes.size();
    }
    EXPECT_LT(held, 16u * 1024) << one.name;
  }
}

}  // namespace
}  // namespace farebench
