#include "async/event_loop.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "tests/support/stub_server.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

exchange_request get(const std::string& url) { return {.url = url + "/", .form = {}, .on_body = {}}; }

class event_loop_test : public testing::Test {
 protected:
  test::stub_server site_{[](const std::string& request) -> test::stub_answer {
    if (request.find(" /never ") != std::string::npos) return {.bytes = {}, .never = true};
    return {.bytes = test::http_response(200, "", "hello")};
  }};
  event_loop loop_{8};
};

TEST_F(event_loop_test, with_nothing_in_flight_returns_at_once) { loop_.run(); }

TEST_F(event_loop_test, completes_inside_run_and_never_inside_start) {
  loop_client client{loop_, {}};
  std::string body;
  int completed = 0;
  auto request = get(site_.url());
  request.on_body = [&](std::string_view piece) { body += piece; };
  loop_.start(client, request, [&](const exchange_result& answer) {
    ++completed;
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
  });
  EXPECT_EQ(completed, 0);
  loop_.run();
  EXPECT_EQ(completed, 1);
  EXPECT_EQ(body, "hello");
}

TEST_F(event_loop_test, lets_a_completion_start_the_next_exchange_of_its_client) {
  loop_client client{loop_, {}};
  int completed = 0;
  std::function<void()> next = [&] {
    loop_.start(client, get(site_.url()), [&](const exchange_result& answer) {
      EXPECT_TRUE(answer);
      if (++completed < 5) next();
    });
  };
  next();
  loop_.run();
  EXPECT_EQ(completed, 5);
}

TEST_F(event_loop_test, lets_a_completion_destroy_its_client_and_others_in_flight) {
  std::vector<std::unique_ptr<loop_client>> clients;
  int completed = 0;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<loop_client>(loop_, fetch_limits{}));
    loop_.start(*clients.back(), get(site_.url()), [&](const exchange_result&) {
      ++completed;
      clients.clear();
    });
  }
  loop_.run();
  EXPECT_EQ(completed, 1) << "what is destroyed in flight is never completed";
}

TEST_F(event_loop_test, a_client_destroyed_in_flight_leaves_the_others_going) {
  int completed = 0;
  loop_client stays{loop_, {}};
  loop_.start(stays, get(site_.url()), [&](const exchange_result&) { ++completed; });
  {
    loop_client goes{loop_, {}};
    loop_.start(goes, get(site_.url()),
                [&](const exchange_result&) { ADD_FAILURE() << "completed after its end"; });
  }
  loop_.run();
  EXPECT_EQ(completed, 1);
}

TEST_F(event_loop_test, what_a_completion_throws_leaves_run_and_the_loop_can_go_on) {
  loop_client first{loop_, {}};
  loop_client second{loop_, {}};
  int completed = 0;
  loop_.start(first, get(site_.url()), [](const exchange_result&) { throw std::domain_error{"enough"}; });
  loop_.start(second, get(site_.url()), [&](const exchange_result&) { ++completed; });
  EXPECT_THROW(
      {
        loop_.run();
        ADD_FAILURE() << "nothing was thrown";
      },
      std::domain_error);
  loop_.run();
  EXPECT_EQ(completed, 1);
}

TEST_F(event_loop_test, keeps_deadlines_while_nothing_happens) {
  loop_client client{loop_, {.exchange_deadline = 50ms}};
  const auto start = std::chrono::steady_clock::now();
  loop_.start(client, {.url = site_.url() + "/never", .form = {}, .on_body = {}},
              [](const exchange_result& answer) {
                ASSERT_FALSE(answer);
                EXPECT_EQ(answer.error().kind, fetch_error_kind::deadline_exceeded);
              });
  loop_.run();
  EXPECT_GE(std::chrono::steady_clock::now() - start, 50ms);
}

}  // namespace
}  // namespace farebench
