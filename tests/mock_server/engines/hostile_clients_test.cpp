// A client of the Beast engine does not disturb the others.

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <string>
#include <thread>
#include <vector>

#include "mock_server/engines/server_engine.hpp"
#include "mock_server/site/results_page.hpp"
#include "tests/mock_server/engines/raw_client.hpp"
#include "tests/mock_server/faults/faulty_site.hpp"
#include "tests/mock_server/site/queries.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Room for both ends of so many connections in this process.
bool may_open(rlim_t files) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < files) return false;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

void expect_good_responses(std::uint16_t port) {
  raw_client good{port};
  good.send(faulty_site::start_request(0, 0));
  const std::string cookie = faulty_site::session_in(good.receive_response());
  for (int day = 0; day < 20; ++day) {
    good.send(faulty_site::search_request(day, 0, cookie));
    ASSERT_THAT(good.receive_response(), EndsWith(results_page(query_on_day(day), 3)));
  }
}

TEST(hostile_clients, that_only_connect_keep_nobody_waiting) {
  if (!may_open(2'200)) GTEST_SKIP() << "too few files may be open";
  site tickets{3};
  const auto engine = make_event_engine(tickets, {});
  std::vector<raw_client> idle;
  idle.reserve(1'000);
  for (int i = 0; i < 1'000; ++i) idle.emplace_back(engine->port());
  expect_good_responses(engine->port());
  EXPECT_EQ(engine->stats().connections_accepted, 1'001u);
}

// A slowloris: a byte now and then, of a head or a body that never ends.
TEST(hostile_clients, that_send_byte_by_byte_keep_nobody_waiting) {
  if (!may_open(1'000)) GTEST_SKIP() << "too few files may be open";
  site tickets{3};
  const auto engine = make_event_engine(tickets, {});
  std::vector<raw_client> slow;
  for (int i = 0; i < 400; ++i) {
    slow.emplace_back(engine->port());
    slow.back().send(i % 2 == 0 ? "GET /m/ HTTP/1.1\r\nX-Slow: "
                                : "POST /m/ HTTP/1.1\r\nContent-Length: 8000\r\n\r\n");
  }
  std::jthread sending{[&slow](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      for (raw_client& one : slow) one.send("x");
      std::this_thread::sleep_for(1ms);
    }
  }};
  for (int i = 0; i < 5; ++i) expect_good_responses(engine->port());
}

// All at once, on either engine: the one with a thread per connection serves 256 of them, and has to serve
// the last as well as the first.
struct crowd {
  engine_kind engine;
  int idle;
  int slow;
};

class crowded : public testing::TestWithParam<crowd> {};
INSTANTIATE_TEST_SUITE_P(hostile_clients, crowded,
                         testing::Values(crowd{engine_kind::beast, 1'000, 200},
                                         crowd{engine_kind::cpp_httplib, 200, 50}),
                         [](const auto& one) {
                           return one.param.engine == engine_kind::beast ? "beast" : "httplib";
                         });

TEST_P(crowded, by_idle_and_slow_ones_keeps_nobody_waiting) {
  const auto [kind, idle_clients, slow_clients] = GetParam();
  if (!may_open(2 * static_cast<rlim_t>(idle_clients + slow_clients) + 200))
    GTEST_SKIP() << "too few files may be open";
  site tickets{3};
  const auto engine = make_engine(kind, tickets, {});
  std::vector<raw_client> idle;
  idle.reserve(static_cast<std::size_t>(idle_clients));
  for (int i = 0; i < idle_clients; ++i) idle.emplace_back(engine->port());
  std::vector<raw_client> slow;
  slow.reserve(static_cast<std::size_t>(slow_clients));
  for (int i = 0; i < slow_clients; ++i) {
    slow.emplace_back(engine->port());
    slow.back().send("GET /m/ HTTP/1.1\r\nX-Slow: ");
  }
  std::jthread sending{[&slow](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      for (raw_client& one : slow) one.send("x");
      std::this_thread::sleep_for(5ms);
    }
  }};
  for (int i = 0; i < 5; ++i) expect_good_responses(engine->port());
}

TEST(hostile_clients, that_do_not_read_keep_nobody_waiting) {
  site tickets{1024};
  const auto engine = make_event_engine(tickets, {});
  raw_client first{engine->port()};
  first.send(faulty_site::start_request(0, 0));
  const std::string cookie = faulty_site::session_in(first.receive_response());
  std::vector<raw_client> deaf;
  for (int i = 0; i < 20; ++i) {
    deaf.emplace_back(engine->port());
    for (int request = 0; request < 5; ++request) deaf.back().send(faulty_site::search_request(i, 0, cookie));
  }
  first.send(faulty_site::start_request(0, 0));
  EXPECT_THAT(first.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

// Nothing of a request comes back, in a page or in a header.
TEST(hostile_clients, read_nothing_that_they_have_sent) {
  const std::string mark = "<script>alert(1)</script>\"'";
  const std::string encoded = "%3Cscript%3Ealert%281%29%3C%2Fscript%3E%22%27%0D%0ASet-Cookie%3A+a%3Db";
  const faulty_site site{"refuse:0%"};
  const std::string cookie = site.session();
  const auto form_with = [&](const std::string& form) {
    return "POST /m/?0-1.IFormSubmitListener-searchForm-form HTTP/1.1\r\nCookie: " + cookie +
           "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
           std::to_string(form.size()) + "\r\n\r\n" + form;
  };
  const std::string requests[] = {
      "GET /" + mark + " HTTP/1.1\r\n\r\n",
      "GET /m/?" + mark + " HTTP/1.1\r\nReferer: " + mark + "\r\nCookie: JSESSIONID=" + mark + "\r\n\r\n",
      "GET /m/ HTTP/1.1\r\nX-Scrape: " + mark + "\r\n\r\n",
      form_with("fromStation=" + encoded + "&toStation=ID1&departure=01.01.26"),
      form_with("fromStation=ID1&toStation=" + encoded + "&departure=01.01.26"),
      form_with("fromStation=ID1&toStation=ID2&departure=" + encoded),
      form_with("fromStation=ID1&toStation=ID2&departure=01.01.26&" + encoded + "=" + encoded),
      form_with(encoded + "=%"),
  };
  for (const std::string& request : requests) {
    raw_client raw = site.client();
    raw.send(request);
    const std::string response = raw.receive_response();
    EXPECT_THAT(response, StartsWith("HTTP/1.1 ")) << request;
    EXPECT_THAT(response, Not(HasSubstr("alert(1)"))) << request;
    EXPECT_THAT(response, Not(HasSubstr("alert%281"))) << request;
    EXPECT_THAT(response, Not(HasSubstr("a=b"))) << request;
  }
}

}  // namespace
}  // namespace farebench
