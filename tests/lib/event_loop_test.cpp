#include "farebench/event_loop.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "farebench/task.hpp"
#include "tests/lib/async_support.hpp"
#include "tests/support/stub_server.hpp"
#include "tests/support/waiting.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

exchange_request get(const std::string& url) { return exchange_request{url + "/"}; }

class event_loop_test : public every_loop {
 protected:
  test::stub_server site_{[](const std::string& request) -> test::stub_response {
    if (request.find(" /never ") != std::string::npos) return {.bytes = {}, .no_response = true};
    if (request.find(" /last ") != std::string::npos) {
      return {.bytes = test::http_response(200, "", "bye"), .close_after = true};
    }
    return {.bytes = test::http_response(200, "", "hello")};
  }};
};
INSTANTIATE_TEST_SUITE_P(waiting, event_loop_test, all_loops(), name_of_loop);

TEST_P(event_loop_test, run_without_exchanges_returns_at_once) { loop_.run(); }

TEST_P(event_loop_test, exchange_completes_inside_run) {
  loop_client client{loop_, {}};
  std::string body;
  int completed = 0;
  auto request = get(site_.url());
  request.on_body = [&](std::string_view chunk) { body += chunk; };
  loop_.start(client, request, [&](const exchange_result& result) {
    ++completed;
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 200);
  });
  EXPECT_EQ(completed, 0);
  loop_.run();
  EXPECT_EQ(completed, 1);
  EXPECT_EQ(body, "hello");
}

TEST_P(event_loop_test, completion_may_start_the_next_exchange) {
  loop_client client{loop_, {}};
  int completed = 0;
  std::function<void()> next = [&] {
    loop_.start(client, get(site_.url()), [&](const exchange_result& result) {
      EXPECT_TRUE(result);
      if (++completed < 5) next();
    });
  };
  next();
  loop_.run();
  EXPECT_EQ(completed, 5);
}

TEST_P(event_loop_test, repeated_failures_do_not_starve_others) {
  loop_client failing{loop_, {}};
  loop_client other{loop_, {}};
  loop_timer timer;
  bool is_completed = false;
  bool is_due = false;
  const auto give_up = std::chrono::steady_clock::now() + test::hang_deadline;
  std::function<void(const exchange_result&)> again = [&](const exchange_result&) {
    if ((is_completed && is_due) || std::chrono::steady_clock::now() > give_up) return;
    loop_.start(failing, exchange_request{"http://"}, again);
  };
  loop_.start(failing, exchange_request{"http://"}, again);
  loop_.start(other, get(site_.url()), [&](const exchange_result&) { is_completed = true; });
  loop_.wait(timer, std::chrono::steady_clock::now(), [&] { is_due = true; });
  loop_.run();
  EXPECT_LT(std::chrono::steady_clock::now(), give_up);
}

TEST_P(event_loop_test, completion_may_destroy_clients_in_flight) {
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
  EXPECT_EQ(completed, 1) << "an exchange completed after its client was destroyed";
}

TEST_P(event_loop_test, destroyed_client_does_not_affect_others) {
  int completed = 0;
  loop_client remaining{loop_, {}};
  loop_.start(remaining, get(site_.url()), [&](const exchange_result&) { ++completed; });
  {
    loop_client destroyed{loop_, {}};
    loop_.start(destroyed, get(site_.url()),
                [&](const exchange_result&) { ADD_FAILURE() << "completed after its client was destroyed"; });
  }
  loop_.run();
  EXPECT_EQ(completed, 1);
}

TEST_P(event_loop_test, exception_leaves_run_and_run_can_continue) {
  loop_client first{loop_, {}};
  loop_client second{loop_, {}};
  int completed = 0;
  loop_.start(first, get(site_.url()), [](const exchange_result&) { throw std::domain_error{"enough"}; });
  loop_.start(second, get(site_.url()), [&](const exchange_result&) { ++completed; });
  EXPECT_THROW(
      {
        loop_.run();
        ADD_FAILURE() << "run did not throw";
      },
      std::domain_error);
  loop_.run();
  EXPECT_EQ(completed, 1);
}

TEST_P(event_loop_test, deadline_ends_an_idle_exchange) {
  loop_client client{loop_, {.exchange_deadline = 1s}};
  const auto start = std::chrono::steady_clock::now();
  loop_.start(client, exchange_request{site_.url() + "/never"}, [](const exchange_result& result) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, fetch_error_kind::deadline_exceeded);
  });
  loop_.run();
  // libcurl subtracts seconds and microseconds separately. If the difference of the microseconds is negative,
  // rounding it to milliseconds adds up to one to the elapsed time.
  EXPECT_GT(std::chrono::steady_clock::now() - start, 1s - 1ms);
}

TEST_P(event_loop_test, three_hundred_clients_complete) {
  constexpr int clients = 300;
  // The site starts a thread for each, which takes long under a sanitizer on a busy machine.
  const fetch_limits limits{.connect_timeout = test::hang_deadline, .exchange_deadline = test::hang_deadline};
  event_loop loop{GetParam().http(), clients};
  std::vector<std::unique_ptr<loop_client>> all;
  int completed = 0;
  for (int i = 0; i < clients; ++i) {
    all.push_back(std::make_unique<loop_client>(loop, limits));
    loop.start(*all.back(), get(site_.url()), [&](const exchange_result& result) {
      EXPECT_TRUE(result) << describe(result.error());
      ++completed;
    });
  }
  loop.run();
  EXPECT_EQ(completed, clients);
}

TEST_P(event_loop_test, clients_beyond_the_expected_number_complete) {
  constexpr int clients = 300;
  event_loop loop{GetParam().http(), 1};
  const auto closed = test::url_of_closed_port();
  std::vector<std::unique_ptr<loop_client>> all;
  int failed = 0;
  for (int i = 0; i < clients; ++i) {
    all.push_back(std::make_unique<loop_client>(loop, fetch_limits{}));
    loop.start(*all.back(), get(closed), [&](const exchange_result& result) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().kind, fetch_error_kind::connect_failed) << describe(result.error());
      ++failed;
    });
  }
  loop.run();
  EXPECT_EQ(failed, clients);
}

TEST_P(event_loop_test, stop_from_another_thread_ends_run) {
  loop_client client{loop_, {}};
  loop_.start(client, exchange_request{site_.url() + "/never"},
              [](const exchange_result&) { ADD_FAILURE() << "completed without a response"; });
  std::stop_source stop;
  test::event_count running;
  const std::jthread stopper{[&] {
    EXPECT_TRUE(running.wait_for(1));
    stop.request_stop();
  }};
  loop_timer timer;
  loop_.wait(timer, loop_timer::clock::now(), [&] { running.add(); });
  EXPECT_FALSE(loop_.run(stop.get_token()));
}

TEST_P(event_loop_test, coroutine_gets_the_result_of_its_exchange) {
  loop_client client{loop_, {}};
  auto coroutine = [](event_loop& loop, loop_client& user, std::string url) -> task<int> {
    const auto first = co_await loop.exchange(user, get(url));
    const auto second = co_await loop.exchange(user, get(url));
    co_return first.has_value() && second.has_value() ? second->status : -1;
  }(loop_, client, site_.url());
  coroutine.start();
  EXPECT_FALSE(coroutine.done());
  loop_.run();
  ASSERT_TRUE(coroutine.done());
  EXPECT_EQ(coroutine.result(), 200);
}

TEST_P(event_loop_test, start_that_throws_leaves_the_client_idle) {
  if (GetParam().http().name() != "libcurl") GTEST_SKIP() << "only libcurl limits the length of a URL";
  loop_client client{loop_, {}};
  // Longer than libcurl accepts (CURL_MAX_INPUT_LENGTH, 8,000,000 bytes).
  const exchange_request refused{site_.url() + "/" + std::string(9'000'000, 'x')};
  EXPECT_THROW(loop_.start(client, refused, [](const exchange_result&) { ADD_FAILURE(); }),
               std::system_error);
  auto coroutine = [](event_loop& loop, loop_client& user, std::string url) -> task<int> {
    const auto result = co_await loop.exchange(user, get(url));
    co_return result ? result->status : -1;
  }(loop_, client, site_.url());
  coroutine.start();
  loop_.run();
  ASSERT_TRUE(coroutine.done());
  EXPECT_EQ(coroutine.result(), 200);
}

TEST_P(event_loop_test, coroutine_gets_the_exception_of_its_sink) {
  loop_client client{loop_, {}};
  auto coroutine = [](event_loop& loop, loop_client& user, std::string url) -> task<bool> {
    try {
      co_await loop.exchange(
          user, exchange_request{url + "/", {}, {}, [](std::string_view) { throw std::domain_error{"no"}; }});
    } catch (const std::domain_error&) {
      co_return true;
    }
    co_return false;
  }(loop_, client, site_.url());
  coroutine.start();
  loop_.run();
  EXPECT_TRUE(coroutine.result());
}

TEST_P(event_loop_test, reconnects_after_server_closes_idle_connection) {
  loop_client client{loop_, {}};
  loop_client other{loop_, {}};
  std::vector<int> statuses;
  const auto keep = [&](const exchange_result& result) {
    ASSERT_TRUE(result) << describe(result.error());
    statuses.push_back(result->status);
  };
  loop_.start(client, exchange_request{site_.url() + "/last"}, keep);
  loop_.run();
  EXPECT_TRUE(test::wait_until([&] { return site_.open_connections() == 0; }));
  loop_.start(other, get(site_.url()), keep);
  loop_.run();
  loop_.start(client, get(site_.url()), keep);
  loop_.run();
  EXPECT_EQ(statuses, (std::vector{200, 200, 200}));
}

TEST_P(event_loop_test, response_to_unread_form_is_reported) {
  // The server closes a connection that has unread bytes.
  const test::stub_server site{
      [](const std::string&) -> test::stub_response {
        return {.bytes = test::http_response(413, "Connection: close\r\n", ""), .close_after = true};
      },
      false};
  loop_client client{loop_, {}};
  // Larger than all buffers of a connection.
  exchange_request request{site.url() + "/", std::string(32'000'000, 'x')};
  int status = 0;
  loop_.start(client, std::move(request), [&](const exchange_result& result) {
    ASSERT_TRUE(result) << describe(result.error());
    status = result->status;
  });
  loop_.run();
  EXPECT_EQ(status, 413);
}

TEST_P(event_loop_test, body_continues_behind_urgent_data) {
  test::event_count received;
  test::event_count sent;
  test::stub_server site{[](const std::string&) -> test::stub_response {
    return {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\none"};
  }};
  std::thread server{[&] {
    received.wait_for(1);
    site.push("two");
    site.push("!", true);
    site.push("six");
    sent.add();
  }};
  loop_client client{loop_, {}};
  std::string body;
  auto request = get(site.url());
  request.on_body = [&](std::string_view chunk) {
    body += chunk;
    received.add();
    sent.wait_for(1);
  };
  loop_.start(client, request,
              [](const exchange_result& result) { EXPECT_TRUE(result) << describe(result.error()); });
  loop_.run();
  server.join();
  EXPECT_EQ(body, "onetwosix");
}

TEST_P(event_loop_test, socket_number_of_a_failed_connect_is_reusable) {
  const test::full_listener full;
  loop_client unconnected{loop_, {.connect_timeout = 200ms}};
  loop_client next{loop_, {}};
  loop_.start(unconnected, get(full.url()), [](const exchange_result& result) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, fetch_error_kind::connect_timeout) << describe(result.error());
  });
  loop_.run();
  int completed = 0;
  loop_.start(next, get(site_.url()), [&](const exchange_result& result) {
    EXPECT_TRUE(result) << describe(result.error());
    ++completed;
  });
  loop_.run();
  EXPECT_EQ(completed, 1);
}

TEST_P(event_loop_test, each_of_many_failures_has_its_error) {
  const auto closed = test::url_of_closed_port();
  std::vector<std::unique_ptr<loop_client>> clients;
  int failed = 0;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<loop_client>(loop_, fetch_limits{}));
    loop_.start(*clients.back(), get(closed), [&](const exchange_result& result) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().kind, fetch_error_kind::connect_failed);
      EXPECT_THAT(result.error().detail, testing::HasSubstr("connect"));
      ++failed;
    });
  }
  loop_.run();
  EXPECT_EQ(failed, 8);
}

TEST_P(event_loop_test, unusable_url_is_invalid_url) {
  using namespace std::string_literals;
  loop_client client{loop_, {}};
  for (const std::string& url :
       {""s, "127.0.0.1"s, "/path"s, "file:///etc/passwd"s, "ftp://127.0.0.1/"s, "http://"s, "http:///a"s,
        "http://:80/"s, "http://127.0.0.1:0/"s, "http://127.0.0.1:65536/"s, "http://127.0.0.1:x/"s,
        site_.url() + "/a b", site_.url() + "/a\r\nb", site_.url() + "/a\0b"s, " " + site_.url(),
        "http://[::g]/"s, "http://a b/"s}) {
    SCOPED_TRACE(url);
    int completed = 0;
    loop_.start(client, exchange_request{url}, [&](const exchange_result& result) {
      ++completed;
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().kind, fetch_error_kind::invalid_url) << describe(result.error());
    });
    loop_.run();
    EXPECT_EQ(completed, 1);
  }
  EXPECT_EQ(site_.open_connections(), 0u);
}

TEST_P(event_loop_test, https_without_tls_is_invalid_url) {
  if (GetParam().http().has_tls()) GTEST_SKIP() << "the transport has TLS";
  loop_client client{loop_, {}};
  int completed = 0;
  loop_.start(client, exchange_request{"https://127.0.0.1/"}, [&](const exchange_result& result) {
    ++completed;
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, fetch_error_kind::invalid_url) << describe(result.error());
  });
  loop_.run();
  EXPECT_EQ(completed, 1);
}

TEST_P(event_loop_test, invalid_header_is_not_sent) {
  using namespace std::string_literals;
  loop_client client{loop_, {}};
  for (const std::string& line :
       {""s, "A"s, ": b"s, "A : b"s, "A: b\r\nC: d"s, "A: b\n"s, "A: b\0c"s, "A;"s,
        "content-length: 0"s, "Transfer-Encoding: chunked"s, "Expect: 100-continue"s}) {
    SCOPED_TRACE(line);
    exchange_request request = get(site_.url());
    request.headers = {"X-Good: 1", line};
    int completed = 0;
    loop_.start(client, request, [&](const exchange_result& result) {
      ++completed;
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().kind, fetch_error_kind::invalid_header) << describe(result.error());
    });
    loop_.run();
    EXPECT_EQ(completed, 1);
  }
  EXPECT_EQ(site_.open_connections(), 0u);
}

TEST_P(event_loop_test, all_headers_are_sent) {
  std::string received;
  test::stub_server site{[&](const std::string& request) -> test::stub_response {
    received = request;
    return {.bytes = test::http_response(200, "", "")};
  }};
  loop_client client{loop_, {}};
  exchange_request request = get(site.url());
  request.headers = {"A: b", "C: d"};
  loop_.start(client, request, [](const exchange_result& result) { EXPECT_TRUE(result); });
  loop_.run();
  EXPECT_THAT(received, testing::HasSubstr("\r\nA: b\r\nC: d\r\n"));
}

TEST_P(event_loop_test, failures_of_one_turn_have_their_errors) {
  test::event_count requests;
  test::event_count answers;
  test::stub_server site{[&](const std::string& request) -> test::stub_response {
    requests.add();
    answers.wait_for(1);
    if (request.starts_with("GET /chunk "))
      return {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n"};
    return {.bytes = "220 mail ready\r\n"};
  }};
  std::thread server{[&] {
    requests.wait_for(2);
    loop_.interrupt();
  }};
  loop_client chunk{loop_, {}};
  loop_client status{loop_, {}};
  std::vector<std::string> errors;
  const auto note = [&](const exchange_result& result) {
    ASSERT_FALSE(result);
    errors.push_back(describe(result.error()));
  };
  loop_.start(chunk, exchange_request{site.url() + "/chunk"}, note);
  loop_.start(status, exchange_request{site.url() + "/status"}, note);
  EXPECT_FALSE(loop_.run());
  server.join();
  answers.add();
  site.wait_until_delivered();
  loop_.run();
  EXPECT_THAT(errors, testing::UnorderedElementsAre(testing::StartsWith("bad_response: invalid chunk"),
                                                    "bad_response: invalid status line"));
}

TEST_P(event_loop_test, coroutine_may_be_destroyed_in_flight) {
  {
    auto coroutine = [](event_loop& loop, std::string url) -> task<> {
      loop_client client{loop, {}};
      co_await loop.exchange(client, exchange_request{url + "/never"});
      ADD_FAILURE() << "resumed after it was destroyed";
    }(loop_, site_.url());
    coroutine.start();
  }
  loop_.run();
}

}  // namespace
}  // namespace farebench
