// Contract of every strategy for the fields of a response's header (RFC 9110 and 9112).

#include <fmt/format.h>

#include <atomic>
#include <functional>
#include <string>

#include "tests/contract/every_strategy.hpp"
#include "tests/contract/sites.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t day_count = 3;

/// Page of results with these fields, of which none gives its length.
stub_response page_with_header(const std::string& lines) {
  return {.bytes = "HTTP/1.1 200 OK\r\n" + lines + "\r\n" + page(), .close_after = true};
}

std::string chunked_page() { return fmt::format("{:x}\r\n{}\r\n0\r\n", page().size(), page()); }

class header : public every_strategy {
 protected:
  /// Runs three days with the default policy but no backoff.
  const collected_outcomes& run_days(const stub_server::handler& respond, std::size_t max_attempts,
                                     const fetch_limits& limits) {
    const stub_server site{respond};
    auto work = days_at(site.url(), day_count, workers_);
    work.policy.exchange = limits;
    work.policy.max_attempts = max_attempts;
    work.policy.backoff_base = 0ms;
    outcomes_ = {};
    run(work, outcomes_.sink());
    EXPECT_EQ(outcomes_.size(), day_count);
    return outcomes_;
  }
  void expect_fares(const stub_server::handler& respond, const fetch_limits& limits = {}) {
    for (const auto& [index, result] : run_days(respond, 1, limits).by_index()) {
      ASSERT_TRUE(result) << describe(result.error());
      EXPECT_EQ(*result, fares_of_page());
    }
  }
  /// Expects an error that is not retried.
  void expect_lasting_error(const stub_server::handler& respond, fetch_error_kind kind,
                            const fetch_limits& limits = {}) {
    std::atomic<std::size_t> requests = 0;
    const auto count = [&](const std::string& request) {
      ++requests;
      return respond(request);
    };
    for (const auto& [index, result] : run_days(count, 3, limits).by_index()) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().kind, kind) << describe(result.error());
    }
    EXPECT_LE(requests, 2 * day_count);
  }
  void expect_error(const stub_server::handler& respond, fetch_error_kind kind,
                    const fetch_limits& limits = {}) {
    for (const auto& [index, result] : run_days(respond, 1, limits).by_index()) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().kind, kind) << describe(result.error());
    }
  }

  /// With several workers a search may be the first request of its connection, because the workers of an
  /// event loop share idle connections.
  std::size_t workers_ = 2;

  static stub_server::handler with_search(const stub_response& response) {
    return [response](const std::string& request) { return is_search(request) ? response : start_page(); };
  }

 private:
  collected_outcomes outcomes_;
};
INSTANTIATE_TEST_SUITE_P(contract, header, all_strategies(), name_of);

TEST_P(header, field_continued_on_next_line_is_read) {
  expect_fares([](const std::string& request) -> stub_response {
    if (request.starts_with("GET /m/?1 ")) return page_of_fares();
    if (!is_search(request))
      return {.bytes = http_response(200, "Set-Cookie:\r\n JSESSIONID=abc;\r\n\tPath=/\r\n", "")};
    if (!request.contains("\r\nCookie: JSESSIONID=abc\r\n")) return {.bytes = http_response(403, "", "")};
    return {.bytes = http_response(302, "Location:\r\n  /m/?1\r\n", "")};
  });
}

TEST_P(header, continued_attribute_deletes_cookie) {
  expect_lasting_error(
      [](const std::string&) -> stub_response {
        return {.bytes = http_response(200, "Set-Cookie: JSESSIONID=abc;\r\n Max-Age=0\r\n", "")};
      },
      fetch_error_kind::no_session);
}

TEST_P(header, continued_line_is_no_field) {
  expect_lasting_error(
      [](const std::string&) -> stub_response {
        return {.bytes = http_response(200, "X-Other: a\r\n Set-Cookie: JSESSIONID=abc; Path=/\r\n", "")};
      },
      fetch_error_kind::no_session);
}

TEST_P(header, continued_length_is_bad_response) {
  const auto size = page().size();
  for (const auto& lines :
       {fmt::format("Content-Length:\r\n {}\r\n", size), fmt::format("Content-Length: {}\r\n 0\r\n", size)}) {
    SCOPED_TRACE(lines);
    expect_error(with_search(page_with_header(lines)), fetch_error_kind::bad_response);
  }
  expect_fares(with_search({.bytes = http_response(200, " \t\r\n", page())}));
}

TEST_P(header, field_in_trailer_is_ignored) {
  expect_fares(with_search(
      {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked_page() +
                "Content-Length: 5\r\nContent-Encoding: gzip\r\nTransfer-Encoding: gzip\r\n"
                "Location: /\r\nRetry-After: 9\r\nSet-Cookie: JSESSIONID=new\r\n\tPath=/\r\n\r\n"}));
}

TEST_P(header, field_of_1xx_response_is_ignored) {
  for (const int status : {100, 102, 103, 199}) {
    SCOPED_TRACE(status);
    expect_fares(with_search({.bytes = fmt::format("HTTP/1.1 {} X\r\nContent-Encoding: gzip\r\n"
                                                   "Content-Length: 7\r\nLocation: /\r\n\r\n",
                                                   status) +
                                       http_response(200, "", page())}));
  }
}

TEST_P(header, identity_coding_is_accepted) {
  for (const bool accept_compressed : {false, true}) {
    for (const char* const coding : {"", " ", "identity", "Identity , identity", ","}) {
      SCOPED_TRACE(coding);
      const auto line = fmt::format("Content-Encoding:{}\r\n", coding);
      expect_fares(with_search({.bytes = http_response(200, line, page())}),
                   {.accept_compressed = accept_compressed});
    }
  }
}

TEST_P(header, unrequested_coding_is_not_retried) {
  for (const char* const coding : {"gzip", "br", "x-unknown", "gzip, identity", "\r\n gzip"}) {
    SCOPED_TRACE(coding);
    const auto line = fmt::format("Content-Encoding: {}\r\n", coding);
    expect_lasting_error(with_search({.bytes = http_response(200, line, page())}),
                         fetch_error_kind::unsupported_response);
  }
  for (const char* const coding : {"x-unknown", "gzip, compress", "identity,\r\n gzip"}) {
    SCOPED_TRACE(coding);
    const auto line = fmt::format("Content-Encoding: {}\r\n", coding);
    expect_lasting_error(with_search({.bytes = http_response(200, line, page())}),
                         fetch_error_kind::unsupported_response, {.accept_compressed = true});
  }
}

TEST_P(header, status_of_failure_precedes_its_coding) {
  // A 503 may pass.
  expect_error(with_search({.bytes = http_response(503, "Content-Encoding: gzip\r\n", "no gzip")}),
               fetch_error_kind::unexpected_status);
  expect_fares([](const std::string& request) -> stub_response {
    if (request.starts_with("GET /m/?1 ")) return page_of_fares();
    if (!is_search(request)) return start_page();
    return {.bytes = http_response(302, "Content-Encoding: gzip\r\nLocation: /m/?1\r\n", "no gzip")};
  });
}

TEST_P(header, unrequested_transfer_coding_is_not_retried) {
  for (const char* const line : {"Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: x-unknown\r\n",
                                 "Transfer-Encoding:\r\n chunked\r\n", "Transfer-Encoding : chunked\r\n"}) {
    SCOPED_TRACE(line);
    expect_lasting_error(
        with_search({.bytes = fmt::format("HTTP/1.1 200 OK\r\n{}\r\n{}\r\n", line, chunked_page())}),
        fetch_error_kind::unsupported_response);
  }
}

TEST_P(header, unrequested_101_is_not_retried) {
  const std::string response =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
  for (const std::string before : {"", "HTTP/1.1 100 Continue\r\n\r\n"}) {
    expect_lasting_error([&](const std::string&) { return stub_response{before + response}; },
                         fetch_error_kind::unsupported_response);
    expect_lasting_error(with_search({.bytes = before + response}), fetch_error_kind::unsupported_response);
  }
}

TEST_P(header, status_without_body_ends_response) {
  for (const int status : {204, 304}) {
    SCOPED_TRACE(status);
    // Its length is that of a body which is not sent.
    for (const char* const length : {"Content-Length: 1000\r\n", "Transfer-Encoding: chunked\r\n", ""})
      expect_error(with_search({.bytes = fmt::format("HTTP/1.1 {} X\r\n{}\r\n", status, length)}),
                   fetch_error_kind::unexpected_status);
  }
}

TEST_P(header, blank_before_colon) {
  expect_lasting_error(
      [](const std::string&) -> stub_response {
        return {.bytes = http_response(200, "Set-Cookie : JSESSIONID=abc; Path=/\r\n", "")};
      },
      fetch_error_kind::no_session);
  expect_error(with_search(page_with_header(fmt::format("Content-Length : {}\r\n", page().size()))),
               fetch_error_kind::bad_response);
}

TEST_P(header, lines_may_end_with_lf_only) {
  expect_fares([](const std::string& request) -> stub_response {
    const auto text = is_search(request) ? page() : std::string{};
    return {.bytes = fmt::format("HTTP/1.1 200 OK\nSet-Cookie: JSESSIONID=abc;\n Path=/\n"
                                 "Content-Length: {}\n\n{}",
                                 text.size(), text)};
  });
}

TEST_P(header, field_with_nul_is_bad_response) {
  expect_error(with_search({.bytes = http_response(200, std::string{"X-Nul: a\0b\r\n", 12}, page())}),
               fetch_error_kind::bad_response);
}

TEST_P(header, obs_text_is_accepted) {
  expect_fares(with_search({.bytes = http_response(200, "X-Text: \xE9\xFF\r\n", page())}));
}

TEST_P(header, odd_status_line) {
  const auto rest = fmt::format("\r\nContent-Length: {}\r\n\r\n{}", page().size(), page());
  for (const char* const line : {"HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.0 200 OK", "HTTP/1.1 200 \xFF: a"})
    expect_fares(with_search({.bytes = line + rest}));
  for (const char* const line : {"HTTP/1.1", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 OK",
                                 "HTTP/1.1 099 X", "HTTP/2.7 200 OK", "ICY 200 OK"}) {
    SCOPED_TRACE(line);
    expect_error(with_search({.bytes = line + rest, .close_after = true}), fetch_error_kind::bad_response);
  }
}

/// Returns true for the first call of a connection: the server has one thread for each.
bool is_first_of_connection() {
  thread_local int calls = 0;
  return ++calls == 1;
}

/// Site that answers each search on a connection that has served another request with `response`.
class reluctant_site {
 public:
  explicit reluctant_site(stub_response response) : response_{std::move(response)} {}

  stub_response operator()(const std::string& request) {
    const bool is_first = is_first_of_connection();
    if (!is_search(request)) return start_page();
    ++searches_;
    return is_first ? page_of_fares() : response_;
  }
  int searches() const { return searches_; }

 private:
  stub_response response_;
  std::atomic<int> searches_ = 0;
};

TEST_P(header, closing_408_on_kept_connection_is_sent_again) {
  workers_ = 1;
  for (const std::string head : {"HTTP/1.1 408 Request Time-out\r\nConnection: close\r\n",
                                 "HTTP/1.1 408 X\r\nconnection: x,\r\n Close\r\n", "HTTP/1.0 408 X\r\n"}) {
    for (const std::string body : {"Content-Length: 0\r\n\r\n", "\r\n<html>late</html>"}) {
      SCOPED_TRACE(head);
      reluctant_site site{{.bytes = head + body, .close_after = true}};
      expect_fares([&](const std::string& request) { return site(request); });
      EXPECT_EQ(site.searches(), 2 * static_cast<int>(day_count));
    }
  }
}

TEST_P(header, open_408_on_kept_connection_is_the_status) {
  workers_ = 1;
  reluctant_site site{{.bytes = http_response(408, "", "")}};
  expect_error([&](const std::string& request) { return site(request); },
               fetch_error_kind::unexpected_status);
  EXPECT_EQ(site.searches(), static_cast<int>(day_count));
}

TEST_P(header, closing_408_on_fresh_connection_is_the_status) {
  workers_ = 1;
  std::atomic<int> searches = 0;
  const stub_response timeout{.bytes = http_response(408, "Connection: close\r\n", ""), .close_after = true};
  const auto respond = [&](const std::string& request) {
    if (!is_search(request)) return start_page();
    ++searches;
    return timeout;
  };
  const auto& outcomes = run_days(respond, 1, {});
  for (const auto& [index, result] : outcomes.by_index()) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().status, 408) << describe(result.error());
  }
  EXPECT_EQ(searches, 2 * static_cast<int>(day_count)) << "on the kept connection and on a new one";

  std::atomic<int> requests = 0;
  expect_error(
      [&](const std::string&) {
        ++requests;
        return timeout;
      },
      fetch_error_kind::unexpected_status);
  EXPECT_EQ(requests, static_cast<int>(day_count));
}

TEST_P(header, unread_408_on_kept_connection_is_not_used) {
  // It arrives before the search is sent.
  const stub_response response{
      .bytes = http_response(200, "Set-Cookie: JSESSIONID=abc; Path=/\r\n", "") +
               "HTTP/1.1 408 Request Time-out\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
      .close_after = true};
  expect_fares([&](const std::string& request) { return is_search(request) ? page_of_fares() : response; });
}

}  // namespace
}  // namespace farebench::test
