// Contract of every strategy with a faulty site: each failure is one typed error of its day alone.

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <functional>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "farebench/exchange.hpp"
#include "tests/contract/every_strategy.hpp"
#include "tests/contract/sites.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench::test {
namespace {

using namespace std::chrono_literals;

/// Site whose only fault is its response to the search.
stub_server site_with_search(std::function<stub_response(const std::string&)> search) {
  return stub_server{[search = std::move(search)](const std::string& request) {
    return is_search(request) ? search(request) : start_page();
  }};
}

bool is_libcurl_before_8_6() {
  int major = 0;
  int minor = 0;
  EXPECT_EQ(std::sscanf(libcurl_transport().version().c_str(), "libcurl/%d.%d", &major, &minor), 2);
  return std::pair{major, minor} < std::pair{8, 6};
}

/// A response to the search and the error that it causes.
struct faulty_response {
  stub_response response;
  fetch_error_kind kind;
  // Begin of the error's text.
  std::string text;
};

std::vector<faulty_response> faulty_responses() {
  using enum fetch_error_kind;
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string chunked = ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nab";
  const std::string closed = url_of_closed_port();
  const auto redirect = http_response(307, "Location: " + closed + "\r\n", "");
  return {
      {{.bytes = redirect},
       connect_failed,
       "connect to " + closed.substr(closed.rfind('/') + 1) + ": Connection refused"},
      {{.bytes = ok + "Transfer-Encoding: chunked\r\n\r\nno number\r\n"}, bad_response, "invalid chunk"},
      {{.bytes = chunked, .reset_after = true},
       connection_lost,
       "receive: Connection reset by peer, 2 bytes of body received"},
      {{.bytes = ok + "Content-Len", .reset_after = true},
       connection_lost,
       "receive: Connection reset by peer, 0 bytes of body received"},
      {{.bytes = chunked, .close_after = true},
       connection_lost,
       "connection closed within the response, 2 bytes of body received"},
      {{.bytes = "220 mail ready\r\n", .close_after = true}, bad_response, "invalid status line"},
      {{.bytes = http_response(500, "", "")}, unexpected_status, "the search returned status 500"},
  };
}

void expect_error(const outcome& result, const faulty_response& expected) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, expected.kind) << describe(result.error());
  EXPECT_TRUE(result.error().detail.starts_with(expected.text)) << describe(result.error());
}

class failure : public every_strategy {
 protected:
  /// Runs a small batch without retries, of which every day must fail with this kind of error.
  void expect_every_day_fails(const std::string& url, fetch_error_kind kind, fetch_limits limits = {},
                              std::size_t workers = 2) {
    auto work = days_at(url, 5, workers);
    work.policy.exchange = limits;
    work.policy.max_attempts = 1;
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

TEST_P(failure, closed_port_is_connect_failed) {
  expect_every_day_fails(url_of_closed_port(), fetch_error_kind::connect_failed);
}

TEST_P(failure, lack_of_descriptors_is_out_of_resources) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer opens pipes to inspect memory and ends the process if it cannot";
#endif
  // The site responds once a query has run out of descriptors, so that the workers need them at once.
  event_count refusals;
  const bool waits = info().uses_workers;
  const auto site = site_with_search([&](const std::string&) {
    if (waits) refusals.wait_for(1);
    return page_of_fares();
  });
  auto work = days_at(site.url(), 12, 6);
  work.policy.max_attempts = 1;
  work.policy.exchange.exchange_deadline = 2 * hang_deadline;
  work.policy.scrape_deadline = 2 * hang_deadline;
  collected_outcomes outcomes;
  const auto collect = outcomes.sink();
  std::size_t out_of_descriptors = 0;
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  bool strategy_failed = false;
  {
    // The strategy itself may need more than these descriptors. So may the site, which shares them: it can
    // accept again once the limit is back.
    const int next_free = dup(0);
    close(next_free);
    rlimit few = before;
    few.rlim_cur = static_cast<rlim_t>(next_free) + 4;
    setrlimit(RLIMIT_NOFILE, &few);
    try {
      run(work, [&](std::size_t index, outcome&& result) {
        if (!result && result.error().kind == fetch_error_kind::out_of_resources) {
          ++out_of_descriptors;
          setrlimit(RLIMIT_NOFILE, &before);
          refusals.add();
        }
        collect(index, std::move(result));
      });
    } catch (const std::system_error&) {
      strategy_failed = true;
    }
    setrlimit(RLIMIT_NOFILE, &before);
    refusals.add();
  }
  if (strategy_failed) return;
  ASSERT_EQ(outcomes.size(), 12u);
  EXPECT_GE(out_of_descriptors, waits ? 1u : 0u);
}

TEST_P(failure, blocked_connect_is_connect_timeout) {
  const full_listener full;
  expect_every_day_fails(full.url(), fetch_error_kind::connect_timeout, {.connect_timeout = 60ms});
}

// Long enough to connect on a busy machine: a connect that takes longer is a connect_timeout.
constexpr auto short_deadline = 1s;

TEST_P(failure, missing_response_is_deadline_exceeded) {
  const stub_server site{[](const std::string&) { return stub_response{.bytes = {}, .no_response = true}; }};
  expect_every_day_fails(site.url(), fetch_error_kind::deadline_exceeded,
                         {.exchange_deadline = short_deadline}, 5);
}

TEST_P(failure, stalled_body_is_deadline_exceeded) {
  const auto site = site_with_search([](const std::string&) {
    return stub_response{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + page()};
  });
  expect_every_day_fails(site.url(), fetch_error_kind::deadline_exceeded,
                         {.exchange_deadline = short_deadline}, 5);
}

TEST_P(failure, close_before_response_is_connection_lost) {
  const stub_server site{[](const std::string&) { return stub_response{.bytes = {}, .close_after = true}; }};
  expect_every_day_fails(site.url(), fetch_error_kind::connection_lost);
}

TEST_P(failure, close_within_header_is_connection_lost) {
  for (const std::string header :
       {"HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n",
        "HTTP/1.1 200 OK\r\nX: 1\r\nContent-Len", "HTTP/1.1 103 Early Hints\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n", "HTTP/1.1 302 Found\r\nLocation: /m/?1\r\n"}) {
    SCOPED_TRACE(header);
    const stub_server site{
        [&](const std::string&) { return stub_response{.bytes = header, .close_after = true}; }};
    expect_every_day_fails(site.url(), fetch_error_kind::connection_lost);
  }
}

TEST_P(failure, close_within_body_is_connection_lost) {
  const auto site = site_with_search([](const std::string&) {
    return stub_response{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + page(),
                         .close_after = true};
  });
  expect_every_day_fails(site.url(), fetch_error_kind::connection_lost);
}

TEST_P(failure, other_protocol_is_bad_response) {
  const stub_server site{
      [](const std::string&) { return stub_response{.bytes = "220 mail ready\r\n", .close_after = true}; }};
  expect_every_day_fails(site.url(), fetch_error_kind::bad_response);
}

TEST_P(failure, other_status_is_unexpected_status) {
  for (const int status : {204, 302, 404, 500}) {
    const auto site = site_with_search([status](const std::string&) {
      return stub_response{.bytes = http_response(status, "", status == 204 ? "" : page())};
    });
    expect_every_day_fails(site.url(), fetch_error_kind::unexpected_status);
  }
}

TEST_P(failure, missing_session_cookie_is_no_session) {
  const stub_server site{[](const std::string&) {
    return stub_response{.bytes = http_response(200, "Set-Cookie: OTHER=1; Path=/\r\n", "")};
  }};
  expect_every_day_fails(site.url(), fetch_error_kind::no_session);
}

TEST_P(failure, many_header_fields_are_header_too_large) {
  std::string headers;
  for (int i = 0; i < 2000; ++i) headers += fmt::format("X-Filler-{}: {}\r\n", i, std::string(60, 'x'));
  const auto site = site_with_search(
      [&](const std::string&) { return stub_response{.bytes = http_response(200, headers, page())}; });
  expect_every_day_fails(site.url(), fetch_error_kind::header_too_large);
}

TEST_P(failure, huge_header_field_is_header_too_large) {
  const auto site = site_with_search([](const std::string&) {
    return stub_response{.bytes =
                             http_response(200, "X-Bomb: " + std::string(1'000'000, 'x') + "\r\n", page())};
  });
  expect_every_day_fails(site.url(), fetch_error_kind::header_too_large);
}

TEST_P(failure, body_above_limit_is_body_too_large) {
  const std::string body(20'000, ' ');
  for (const bool chunked : {false, true}) {
    const auto site = site_with_search([&](const std::string&) {
      return stub_response{
          .bytes = chunked
                       ? fmt::format(
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                             body.size(), body)
                       : http_response(200, "", body)};
    });
    expect_every_day_fails(site.url(), fetch_error_kind::body_too_large, {.max_body_bytes = 10'000});
  }
}

TEST_P(failure, invalid_fare_row_is_malformed_page) {
  const auto site = site_with_search([](const std::string&) {
    return stub_response{
        .bytes = http_response(200, "",
                               page_with("<div class='select-line'>07:05 10:40 Relax 12 sold out</div>"))};
  });
  expect_every_day_fails(site.url(), fetch_error_kind::malformed_page);
}

TEST_P(failure, invalid_query_is_not_sent) {
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

TEST_P(failure, failed_days_do_not_affect_other_days) {
  // Days 3, 13 and 23 (March 4, 14 and 24) fail, each in its own way.
  const auto site = site_with_search([](const std::string& request) -> stub_response {
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
  for (const auto& [index, result] : outcomes.by_index()) {
    if (index % 10 == 3) {
      EXPECT_FALSE(result) << "day " << index;
    } else {
      ASSERT_TRUE(result) << "day " << index << ": " << describe(result.error());
      EXPECT_EQ(*result, fares_of_page());
    }
  }
  EXPECT_EQ(outcomes.at(3).error().kind, fetch_error_kind::unexpected_status);
  EXPECT_EQ(outcomes.at(13).error().kind, fetch_error_kind::connection_lost);
  EXPECT_EQ(outcomes.at(23).error().kind, fetch_error_kind::bad_response);
}

TEST_P(failure, simultaneous_failures_keep_their_errors) {
  const auto faults = faulty_responses();
  for (std::size_t first = 0; first < faults.size(); ++first) {
    for (std::size_t second = first + 1; second < faults.size(); ++second) {
      // Both searches wait for their response at once, if the strategy has two workers.
      event_count searches;
      const auto site = site_with_search([&](const std::string& request) {
        searches.add();
        searches.wait_for(concurrency(2));
        return faults[request.ends_with("departure=01.03.26") ? first : second].response;
      });
      auto work = days_at(site.url(), 2, 2);
      work.policy.max_attempts = 1;
      collected_outcomes outcomes;
      run(work, outcomes.sink());
      ASSERT_EQ(outcomes.size(), 2u);
      expect_error(outcomes.at(0), faults[first]);
      expect_error(outcomes.at(1), faults[second]);
    }
  }
}

TEST_P(failure, failure_does_not_affect_the_next_of_its_worker) {
  const auto faults = faulty_responses();
  const std::size_t count = faults.size();
  // Each fault follows each, itself included.
  const auto fault_of = [&](std::size_t index) -> const faulty_response& {
    return faults[index % 2 == 0 ? index / 2 % count : index / 2 / count];
  };
  std::atomic<std::size_t> searches = 0;
  const auto site = site_with_search([&](const std::string&) { return fault_of(searches++).response; });
  auto work = days_at(site.url(), 2 * count * count, 1);
  work.policy.max_attempts = 1;
  collected_outcomes outcomes;
  run(work, outcomes.sink());
  ASSERT_EQ(outcomes.size(), 2 * count * count);
  for (const auto& [index, result] : outcomes.by_index()) expect_error(result, fault_of(index));
}

TEST_P(failure, request_sent_again_has_its_own_error) {
  const auto faults = faulty_responses();
  for (const auto& fault : faults) {
    // Each search is sent on the connection of its start page, and again on a new one.
    std::atomic<std::size_t> searches = 0;
    const auto site = site_with_search([&](const std::string&) -> stub_response {
      return searches++ % 2 == 0 ? stub_response{.bytes = {}, .reset_after = true} : fault.response;
    });
    auto work = days_at(site.url(), 3, 1);
    work.policy.max_attempts = 1;
    collected_outcomes outcomes;
    run(work, outcomes.sink());
    ASSERT_EQ(outcomes.size(), 3u);
    EXPECT_EQ(searches, 6u) << "the search was not sent again";
    for (const auto& [index, result] : outcomes.by_index()) expect_error(result, fault);
  }
}

TEST_P(failure, any_number_of_requests_is_sent_again) {
  // libcurl itself gives up at the sixth of a handle.
  std::atomic<std::size_t> searches = 0;
  const auto site = site_with_search([&](const std::string&) -> stub_response {
    if (searches++ % 2 == 0) return {.bytes = {}, .close_after = true};
    return {.bytes = http_response(200, "", page())};
  });
  auto work = days_at(site.url(), 12, 1);
  work.policy.max_attempts = 1;
  collected_outcomes outcomes;
  run(work, outcomes.sink());
  EXPECT_EQ(searches, 24u);
  for (const auto& [index, result] : outcomes.by_index())
    EXPECT_TRUE(result) << "day " << index << ": " << describe(result.error());
}

TEST_P(failure, session_is_not_sent_on_next_day) {
  std::atomic<int> start_pages_with_cookie = 0;
  const stub_server site{[&](const std::string& request) -> stub_response {
    if (is_search(request)) return {.bytes = http_response(200, "", page())};
    if (request.find("Cookie:") != std::string::npos) ++start_pages_with_cookie;
    return start_page();
  }};
  collected_outcomes outcomes;
  run(days_at(site.url(), 20, 3), outcomes.sink());
  EXPECT_EQ(start_pages_with_cookie, 0);
}

class libcurl_limits : public failure {};
INSTANTIATE_TEST_SUITE_P(contract, libcurl_limits,
                         strategies_on([](const transport& http) { return http.name() == "libcurl"; }),
                         name_of);

TEST_P(libcurl_limits, long_header_or_trailer_is_header_too_large) {
  std::string short_lines;
  for (int i = 0; i < 8'000; ++i) short_lines += fmt::format("X-Header-{}: {}\r\n", i, std::string(50, 'x'));
  const std::string trailer =
      "Transfer-Encoding: chunked\r\n\r\n1\r\n \r\n0\r\nX-Trailer: " + std::string(5'000, 'x') + "\r\n\r\n";
  for (const std::string& headers : {short_lines + "\r\n", trailer}) {
    const auto site = site_with_search(
        [&](const std::string&) { return stub_response{.bytes = "HTTP/1.1 200 OK\r\n" + headers}; });
    // Before 8.6.0, libcurl reports a long trailer as it reports an invalid chunk.
    const bool is_ambiguous = is_libcurl_before_8_6() && headers == trailer;
    expect_every_day_fails(site.url(),
                           is_ambiguous ? fetch_error_kind::bad_response : fetch_error_kind::header_too_large,
                           {.max_header_bytes = 2'000'000});
  }
}

class native_limits : public failure {};
INSTANTIATE_TEST_SUITE_P(contract, native_limits,
                         strategies_on([](const transport& http) { return http.name() == "native"; }),
                         name_of);

TEST_P(native_limits, long_header_and_trailer_are_accepted) {
  std::string lines;
  for (int i = 0; i < 8'000; ++i) lines += fmt::format("X-Header-{}: {}\r\n", i, std::string(50, 'x'));
  ASSERT_GT(lines.size(), 500'000u);
  const auto chunked =
      fmt::format("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n", page().size(), page());
  for (const std::string& response :
       {http_response(200, lines, page()), "HTTP/1.1 200 OK\r\n" + chunked + lines + "\r\n",
        http_response(200, "X-Long: " + std::string(500'000, 'x') + "\r\n", page())}) {
    const auto site = site_with_search([&](const std::string&) { return stub_response{.bytes = response}; });
    auto work = days_at(site.url(), 3, 2);
    work.policy.exchange.max_header_bytes = 2'000'000;
    work.policy.max_attempts = 1;
    collected_outcomes outcomes;
    run(work, outcomes.sink());
    ASSERT_EQ(outcomes.size(), 3u);
    for (const auto& [index, result] : outcomes.by_index()) {
      ASSERT_TRUE(result) << describe(result.error());
      EXPECT_EQ(*result, fares_of_page());
    }
  }
}

}  // namespace
}  // namespace farebench::test
