// What every strategy promises of a site that misbehaves: each failure is one typed error, of its day alone.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "tests/contract/every_strategy.hpp"
#include "tests/contract/one_fare_site.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench::test {
namespace {

using namespace std::chrono_literals;

/// A site that behaves but for what `search` answers to the POST.
stub_server site_with_search(std::function<stub_answer(const std::string&)> search) {
  return stub_server{[search = std::move(search)](const std::string& request) {
    return is_search(request) ? search(request) : start_page();
  }};
}

class failure : public every_strategy {
 protected:
  /// The kind of error with which every day of a small batch comes home.
  void expect_every_day_fails(const std::string& url, fetch_error_kind kind, fetch_limits limits = {}) {
    auto work = days_at(url, 5, 2);
    work.policy.exchange = limits;
    work.policy.max_attempts = 1;  // what is repeated is retry_test's
    collected_outcomes outcomes;
    run(work, outcomes.sink());
    ASSERT_EQ(outcomes.size(), 5u);
    for (const auto& [index, result] : outcomes.by_index()) {
      ASSERT_FALSE(result) << "day " << index;
      EXPECT_EQ(result.error().kind, kind) << describe(result.error());
      EXPECT_EQ(result.error().detail.find('\n'), std::string::npos) << "one line";
    }
  }
};
INSTANTIATE_TEST_SUITE_P(contract, failure, all_strategies(), name_of);

TEST_P(failure, nobody_listens) {
  expect_every_day_fails(url_of_closed_port(), fetch_error_kind::connect_failed);
}

TEST_P(failure, no_descriptor_left) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer opens pipes to look at memory, and takes a refusal for a fault";
#endif
  const auto site = site_with_search(
      [](const std::string&) { return stub_answer{.bytes = http_response(200, "", page())}; });
  auto work = days_at(site.url(), 12, 6);
  work.policy.exchange.exchange_deadline = 500ms;
  collected_outcomes outcomes;
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  bool strategy_failed = false;
  {
    // Of the numbers that are free, a few: what the strategy itself needs may not be among them either.
    const int next_free = dup(0);
    close(next_free);
    rlimit few = before;
    few.rlim_cur = static_cast<rlim_t>(next_free) + 4;
    setrlimit(RLIMIT_NOFILE, &few);
    try {
      run(work, outcomes.sink());
    } catch (const std::system_error&) {
      strategy_failed = true;
    }
    setrlimit(RLIMIT_NOFILE, &before);
  }
  if (strategy_failed) return;
  ASSERT_EQ(outcomes.size(), 12u);
  std::size_t out_of_descriptors = 0;
  for (const auto& [index, result] : outcomes.by_index()) {
    // The site lives in this process too, and may be the one that has no descriptor to accept with.
    if (!result && result.error().kind == fetch_error_kind::out_of_resources) ++out_of_descriptors;
  }
  EXPECT_GE(out_of_descriptors + (GetParam() == "sequential" ? 1 : 0), 1u);
}

TEST_P(failure, no_connection_in_time) {
  // A listen queue of one that nobody accepts from: the kernel drops further SYNs.
  const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(listening, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ASSERT_EQ(listen(listening, 0), 0);
  std::vector<int> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.push_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int done = connect(waiting.back(), reinterpret_cast<sockaddr*>(&address), size);
    ASSERT_TRUE(done == 0 || errno == EINPROGRESS);
  }
  expect_every_day_fails(fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port)),
                         fetch_error_kind::connect_timeout, {.connect_timeout = 60ms});
  for (const int one : waiting) close(one);
  close(listening);
}

// Within it a busy machine has connected and sent its request.
constexpr auto short_deadline = 400ms;

TEST_P(failure, no_answer_in_time) {
  const stub_server site{[](const std::string&) { return stub_answer{.bytes = {}, .never = true}; }};
  expect_every_day_fails(site.url(), fetch_error_kind::deadline_exceeded,
                         {.exchange_deadline = short_deadline});
}

TEST_P(failure, half_a_body_and_then_nothing) {
  const auto site = site_with_search([](const std::string&) {
    return stub_answer{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + page()};
  });
  expect_every_day_fails(site.url(), fetch_error_kind::deadline_exceeded,
                         {.exchange_deadline = short_deadline});
}

TEST_P(failure, closed_instead_of_an_answer) {
  const stub_server site{[](const std::string&) { return stub_answer{.bytes = {}, .close_after = true}; }};
  expect_every_day_fails(site.url(), fetch_error_kind::connection_lost);
}

TEST_P(failure, closed_within_the_body) {
  const auto site = site_with_search([](const std::string&) {
    return stub_answer{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + page(),
                       .close_after = true};
  });
  expect_every_day_fails(site.url(), fetch_error_kind::connection_lost);
}

TEST_P(failure, not_http) {
  const stub_server site{
      [](const std::string&) { return stub_answer{.bytes = "220 mail ready\r\n", .close_after = true}; }};
  expect_every_day_fails(site.url(), fetch_error_kind::bad_response);
}

TEST_P(failure, another_status_than_200) {
  for (const int status : {204, 302, 404, 500}) {
    const auto site = site_with_search([status](const std::string&) {
      return stub_answer{.bytes = http_response(status, "", status == 204 ? "" : page())};
    });
    expect_every_day_fails(site.url(), fetch_error_kind::unexpected_status);
  }
}

TEST_P(failure, a_start_page_without_a_session) {
  const stub_server site{[](const std::string&) {
    return stub_answer{.bytes = http_response(200, "Set-Cookie: OTHER=1; Path=/\r\n", "")};
  }};
  expect_every_day_fails(site.url(), fetch_error_kind::no_session);
}

TEST_P(failure, many_header_lines) {
  std::string headers;
  for (int i = 0; i < 2000; ++i) headers += fmt::format("X-Filler-{}: {}\r\n", i, std::string(60, 'x'));
  const auto site = site_with_search(
      [&](const std::string&) { return stub_answer{.bytes = http_response(200, headers, page())}; });
  expect_every_day_fails(site.url(), fetch_error_kind::header_too_large);
}

TEST_P(failure, one_endless_header_line) {
  const auto site = site_with_search([](const std::string&) {
    return stub_answer{.bytes =
                           http_response(200, "X-Bomb: " + std::string(1'000'000, 'x') + "\r\n", page())};
  });
  expect_every_day_fails(site.url(), fetch_error_kind::header_too_large);
}

TEST_P(failure, a_body_beyond_the_cap_whether_its_length_is_said_or_not) {
  const std::string body(20'000, ' ');
  for (const bool chunked : {false, true}) {
    const auto site = site_with_search([&](const std::string&) {
      return stub_answer{
          .bytes = chunked
                       ? fmt::format(
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                             body.size(), body)
                       : http_response(200, "", body)};
    });
    expect_every_day_fails(site.url(), fetch_error_kind::body_too_large, {.max_body_bytes = 10'000});
  }
}

TEST_P(failure, a_row_that_is_no_fare) {
  const auto site = site_with_search([](const std::string&) {
    return stub_answer{
        .bytes = http_response(200, "",
                               page_with("<div class='select-line'>07:05 10:40 Relax 12 sold out</div>"))};
  });
  expect_every_day_fails(site.url(), fetch_error_kind::malformed_page);
}

TEST_P(failure, a_query_that_the_form_cannot_hold_is_not_sent) {
  auto work = days_at(url_of_closed_port(), 3, 2);
  work.query_at = [](std::size_t) { return query{"", "ID1", std::chrono::year{2026} / 3 / 1}; };
  collected_outcomes outcomes;
  run(work, outcomes.sink());
  ASSERT_EQ(outcomes.size(), 3u);
  for (const auto& [index, result] : outcomes.by_index()) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, fetch_error_kind::invalid_query);
  }
}

TEST_P(failure, of_one_day_leaves_the_others_alone) {
  // Days 3, 13 and 23 (the 4th, 14th and 24th of March) fail, each in its own way.
  const auto site = site_with_search([](const std::string& request) -> stub_answer {
    if (request.ends_with("departure=04.03.26")) return {.bytes = http_response(500, "", "")};
    if (request.ends_with("departure=14.03.26"))
      return {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", .close_after = true};
    if (request.ends_with("departure=24.03.26"))
      return {.bytes = http_response(200, "", "<p class=select-line>07:05")};
    return {.bytes = http_response(200, "", page())};
  });
  collected_outcomes outcomes;
  run(days_at(site.url(), 30, 4), outcomes.sink());
  ASSERT_EQ(outcomes.size(), 30u);
  const std::vector<fare> fares{{7h + 5min, 10h + 40min, "Relax", 12, 249'00, "CZK"}};
  for (const auto& [index, result] : outcomes.by_index()) {
    if (index % 10 == 3) {
      EXPECT_FALSE(result) << "day " << index;
    } else {
      ASSERT_TRUE(result) << "day " << index << ": " << describe(result.error());
      EXPECT_EQ(*result, fares);
    }
  }
  EXPECT_EQ(outcomes.at(3).error().kind, fetch_error_kind::unexpected_status);
  EXPECT_EQ(outcomes.at(13).error().kind, fetch_error_kind::connection_lost);
  EXPECT_EQ(outcomes.at(23).error().kind, fetch_error_kind::bad_response);
}

TEST_P(failure, a_session_is_never_carried_into_the_next_day) {
  // The site hands out a numbered session each time and refuses a POST that shows any but the newest of its
  // connection.
  std::atomic<int> mixed = 0;
  const stub_server site{[&](const std::string& request) -> stub_answer {
    if (is_search(request)) return {.bytes = http_response(200, "", page())};
    if (request.find("Cookie:") != std::string::npos) ++mixed;
    return start_page();
  }};
  collected_outcomes outcomes;
  run(days_at(site.url(), 20, 3), outcomes.sink());
  EXPECT_EQ(mixed, 0) << "start pages that were asked for with an old cookie";
}

}  // namespace
}  // namespace farebench::test
