#include "farebench/event_loop.hpp"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <vector>

#include "farebench/task.hpp"
#include "lib/system/file_descriptor.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

exchange_request get(const std::string& url) { return exchange_request{url + "/"}; }

/// Listens, and has no room: whoever connects waits until it gives up.
class full_listener {
 public:
  full_listener() {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    EXPECT_EQ(::bind(listening_.get(), reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
    EXPECT_EQ(::listen(listening_.get(), 0), 0);
    EXPECT_EQ(::getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&address_), &size), 0);
    // One more than its queue takes, as Linux counts.
    EXPECT_EQ(::connect(filling_.get(), reinterpret_cast<sockaddr*>(&address_), size), 0);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(ntohs(address_.sin_port)); }

 private:
  file_descriptor listening_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  file_descriptor filling_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address_{};
};

class event_loop_test : public testing::TestWithParam<event_loop::wait_mode> {
 protected:
  test::stub_server site_{[](const std::string& request) -> test::stub_response {
    if (request.find(" /never ") != std::string::npos) return {.bytes = {}, .no_response = true};
    if (request.find(" /last ") != std::string::npos) {
      return {.bytes = test::http_response(200, "", "bye"), .close_after = true};
    }
    return {.bytes = test::http_response(200, "", "hello")};
  }};
  event_loop loop_{8, GetParam()};
};
INSTANTIATE_TEST_SUITE_P(waiting, event_loop_test,
                         testing::Values(event_loop::wait_mode::socket_action,
                                         event_loop::wait_mode::multi_poll),
                         [](const auto& one) {
                           return one.param == event_loop::wait_mode::multi_poll ? "multi_poll"
                                                                                 : "socket_action";
                         });

TEST_P(event_loop_test, with_nothing_in_flight_returns_at_once) { loop_.run(); }

TEST_P(event_loop_test, completes_inside_run_and_never_inside_start) {
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

TEST_P(event_loop_test, lets_a_completion_start_the_next_exchange_of_its_client) {
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

TEST_P(event_loop_test, lets_a_completion_destroy_its_client_and_others_in_flight) {
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

TEST_P(event_loop_test, a_client_destroyed_in_flight_leaves_the_others_going) {
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

TEST_P(event_loop_test, what_a_completion_throws_leaves_run_and_the_loop_can_go_on) {
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

TEST_P(event_loop_test, keeps_deadlines_while_nothing_happens) {
  loop_client client{loop_, {.exchange_deadline = 400ms}};
  const auto start = std::chrono::steady_clock::now();
  loop_.start(client, exchange_request{site_.url() + "/never"}, [](const exchange_result& answer) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, fetch_error_kind::deadline_exceeded);
  });
  loop_.run();
  // libcurl subtracts seconds and microseconds apart; where the latter's difference is negative, cutting it
  // to milliseconds makes the whole up to one longer than it was.
  EXPECT_GT(std::chrono::steady_clock::now() - start, 400ms - 1ms);
}

TEST_P(event_loop_test, spreads_more_clients_than_one_multi_handle_takes) {
  constexpr int clients = 300;
  event_loop loop{clients, GetParam()};
  std::vector<std::unique_ptr<loop_client>> all;
  int completed = 0;
  for (int i = 0; i < clients; ++i) {
    all.push_back(std::make_unique<loop_client>(loop, fetch_limits{}));
    loop.start(*all.back(), get(site_.url()), [&](const exchange_result& answer) {
      EXPECT_TRUE(answer) << describe(answer.error());
      ++completed;
    });
  }
  loop.run();
  EXPECT_EQ(completed, clients);
}

TEST_P(event_loop_test, a_stop_from_another_thread_ends_run_and_leaves_what_is_in_flight) {
  loop_client client{loop_, {}};
  loop_.start(client, exchange_request{site_.url() + "/never"},
              [](const exchange_result&) { ADD_FAILURE() << "completed without an answer"; });
  std::stop_source stop;
  const std::jthread stopper{[&] {
    std::this_thread::sleep_for(30ms);
    stop.request_stop();
  }};
  loop_.run(stop.get_token());
}

TEST_P(event_loop_test, resumes_a_coroutine_with_the_result_of_its_exchange) {
  loop_client client{loop_, {}};
  auto asking = [](event_loop& loop, loop_client& with, std::string url) -> task<int> {
    const auto first = co_await loop.exchange(with, get(url));
    const auto second = co_await loop.exchange(with, get(url));
    co_return first&& second ? second->status : -1;
  }(loop_, client, site_.url());
  asking.start();
  EXPECT_FALSE(asking.done());
  loop_.run();
  ASSERT_TRUE(asking.done());
  EXPECT_EQ(asking.result(), 200);
}

TEST_P(event_loop_test, throws_in_the_coroutine_what_its_body_sink_threw) {
  loop_client client{loop_, {}};
  auto asking = [](event_loop& loop, loop_client& with, std::string url) -> task<bool> {
    try {
      co_await loop.exchange(
          with, exchange_request{url + "/", {}, {}, [](std::string_view) { throw std::domain_error{"no"}; }});
    } catch (const std::domain_error&) {
      co_return true;
    }
    co_return false;
  }(loop_, client, site_.url());
  asking.start();
  loop_.run();
  EXPECT_TRUE(asking.result());
}

TEST_P(event_loop_test, connects_again_when_the_server_has_ended_an_idle_connection) {
  loop_client client{loop_, {}};
  loop_client other{loop_, {}};
  std::vector<int> answers;
  const auto keep = [&](const exchange_result& answer) {
    ASSERT_TRUE(answer) << describe(answer.error());
    answers.push_back(answer->status);
  };
  loop_.start(client, exchange_request{site_.url() + "/last"}, keep);
  loop_.run();
  std::this_thread::sleep_for(20ms);  // until the end of the connection is here
  loop_.start(other, get(site_.url()), keep);
  loop_.run();
  loop_.start(client, get(site_.url()), keep);
  loop_.run();
  EXPECT_EQ(answers, (std::vector{200, 200, 200}));
}

TEST_P(event_loop_test, a_connection_that_never_came_to_be_leaves_nothing_to_the_next_of_its_number) {
  const full_listener full;
  loop_client patient{loop_, {.connect_timeout = 200ms}};
  loop_client next{loop_, {}};
  loop_.start(patient, get(full.url()), [](const exchange_result& answer) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, fetch_error_kind::connect_timeout) << describe(answer.error());
  });
  loop_.run();
  int completed = 0;
  loop_.start(next, get(site_.url()), [&](const exchange_result& answer) {
    EXPECT_TRUE(answer) << describe(answer.error());
    ++completed;
  });
  loop_.run();
  EXPECT_EQ(completed, 1);
}

TEST_P(event_loop_test, says_of_each_of_many_failures_what_happened) {
  const auto closed = test::url_of_closed_port();
  std::vector<std::unique_ptr<loop_client>> clients;
  int failed = 0;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<loop_client>(loop_, fetch_limits{}));
    loop_.start(*clients.back(), get(closed), [&](const exchange_result& answer) {
      ASSERT_FALSE(answer);
      EXPECT_EQ(answer.error().kind, fetch_error_kind::connect_failed);
      EXPECT_THAT(answer.error().detail, testing::HasSubstr("connect"));
      ++failed;
    });
  }
  loop_.run();
  EXPECT_EQ(failed, 8);
}

TEST_P(event_loop_test, a_coroutine_destroyed_in_flight_takes_its_client_along) {
  {
    auto asking = [](event_loop& loop, std::string url) -> task<> {
      loop_client client{loop, {}};
      co_await loop.exchange(client, exchange_request{url + "/never"});
      ADD_FAILURE() << "resumed after its end";
    }(loop_, site_.url());
    asking.start();
  }
  loop_.run();
}

}  // namespace
}  // namespace farebench
