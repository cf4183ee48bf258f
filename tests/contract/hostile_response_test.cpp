// Contract of every strategy with false, endless, slow or redirecting responses: one typed error, bounded.

#include <fmt/format.h>
#include <zlib.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include "tests/contract/every_strategy.hpp"
#include "tests/contract/sites.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench::test {
namespace {

using namespace std::chrono_literals;

bool requests_path(const std::string& request, std::string_view path) {
  return request.substr(request.find(' ') + 1).starts_with(path);
}

stub_response redirect(const std::string& location, int status = 302) {
  return {.bytes = http_response(status, "Location: " + location + "\r\n", "moved")};
}

std::string gzipped(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class hostile_response : public every_strategy {
 protected:
  void expect_every_day(const std::string& url, fetch_limits limits,
                        const std::function<void(const outcome&)>& check) {
    auto work = days_at(url, 3, 2);
    work.policy.exchange = limits;
    work.policy.scrape_deadline = 2h;
    work.policy.max_attempts = 1;
    collected_outcomes outcomes;
    run(work, outcomes.sink());
    ASSERT_EQ(outcomes.size(), 3u);
    for (const auto& [index, result] : outcomes.by_index()) check(result);
  }

  void expect_failure(const std::string& url, fetch_error_kind kind, fetch_limits limits = {}) {
    expect_every_day(url, limits, [kind](const outcome& result) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().kind, kind) << describe(result.error());
      EXPECT_EQ(result.error().detail.find('\n'), std::string::npos) << "one line";
    });
  }
  void expect_one_fare(const std::string& url, fetch_limits limits = {}) {
    expect_every_day(url, limits, [](const outcome& result) {
      ASSERT_TRUE(result) << describe(result.error());
      EXPECT_EQ(result->size(), 1u);
    });
  }
  /// As expect_failure, for a site whose only fault is its response to the search.
  void expect_failure_of_search(const stub_response& response, fetch_error_kind kind,
                                fetch_limits limits = {}) {
    const stub_server site{
        [&](const std::string& request) { return is_search(request) ? response : start_page(); }};
    expect_failure(site.url(), kind, limits);
  }
};
INSTANTIATE_TEST_SUITE_P(contract, hostile_response, all_strategies(), name_of);

TEST_P(hostile_response, redirect_within_site_is_followed) {
  // Many sites redirect after every POST. The start page sets its session before its redirect.
  const stub_server site{[](const std::string& request) -> stub_response {
    if (is_search(request)) return redirect("/results?1", 303);
    if (requests_path(request, "/results")) {
      return request.find("Cookie: JSESSIONID=late") == std::string::npos
                 ? stub_response{http_response(403, "", "")}
                 : page_of_fares();
    }
    if (requests_path(request, "/m/welcome"))
      return {.bytes = http_response(200, "Set-Cookie: JSESSIONID=late; Path=/\r\n", "")};
    return {.bytes = http_response(302, "Set-Cookie: JSESSIONID=early; Path=/\r\nLocation: welcome\r\n", "")};
  }};
  expect_one_fare(site.url());
}

TEST_P(hostile_response, endless_redirects_are_refused) {
  std::atomic<int> requests = 0;
  const stub_server site{[&](const std::string& request) {
    if (!is_search(request) && requests_path(request, "/m/")) return start_page();
    ++requests;
    return redirect("/round");
  }};
  expect_failure(site.url(), fetch_error_kind::redirect_refused);
  EXPECT_EQ(requests, 3 * (1 + 3)) << "three days, three redirects each";
  expect_failure(site.url(), fetch_error_kind::redirect_refused, {.max_redirects = 0});
}

TEST_P(hostile_response, redirect_to_other_scheme_is_refused) {
  for (const char* location :
       {"file:///etc/passwd", "FILE:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:1/_x",
        "dict://127.0.0.1/", "javascript:alert(1)", "http://", "http://127.0.0.1:99999/"}) {
    SCOPED_TRACE(location);
    expect_failure_of_search(redirect(location), fetch_error_kind::redirect_refused);
  }
}

TEST_P(hostile_response, redirect_to_other_host_carries_no_cookies) {
  std::atomic<int> leaked = 0;
  std::atomic<int> reached = 0;
  const stub_server other{[&](const std::string& request) {
    ++reached;
    if (request.find("JSESSIONID") != std::string::npos || request.find("X-Scrape") != std::string::npos)
      ++leaked;
    return page_of_fares();
  }};
  const stub_server site{[&](const std::string& request) {
    return is_search(request) ? redirect(other.url() + "/", 307) : start_page();
  }};
  expect_one_fare(site.url());
  EXPECT_EQ(reached, 3);
  EXPECT_EQ(leaked, 0);
}

TEST_P(hostile_response, many_1xx_responses_are_header_too_large) {
  std::string flood;
  for (int i = 0; i < 5'000; ++i) flood += "HTTP/1.1 103 Early Hints\r\n\r\n";
  expect_failure_of_search({.bytes = flood}, fetch_error_kind::header_too_large);
}

TEST_P(hostile_response, redirect_headers_count_towards_header_limit) {
  const auto long_header = "X-Long: " + std::string(4'000, 'x') + "\r\n";
  const stub_server site{[&](const std::string& request) -> stub_response {
    if (!is_search(request) && requests_path(request, "/m/")) return start_page();
    return {.bytes = http_response(302, long_header + "Location: /round\r\n", "")};
  }};
  expect_failure(site.url(), fetch_error_kind::header_too_large, {.max_header_bytes = 10'000});
}

TEST_P(hostile_response, different_lengths_are_bad_response) {
  expect_failure_of_search(
      {.bytes = fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nContent-Length: 5\r\n\r\n{}",
                            page().size(), page())},
      fetch_error_kind::bad_response);
}

TEST_P(hostile_response, same_length_twice_is_accepted) {
  const auto length = fmt::format("Content-Length: {}\r\n", page().size());
  const stub_server site{[&](const std::string& request) {
    return is_search(request) ? stub_response{"HTTP/1.1 200 OK\r\n" + length + length + "\r\n" + page()}
                              : start_page();
  }};
  expect_one_fare(site.url());
}

TEST_P(hostile_response, list_of_lengths_is_bad_response) {
  const auto whole = page();
  expect_failure_of_search(
      {.bytes = fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}, 5\r\n\r\n{}", whole.size(), whole)},
      fetch_error_kind::bad_response);
}

TEST_P(hostile_response, length_of_chunked_body_is_bad_response) {
  const auto whole = page();
  const std::string length = fmt::format("Content-Length: {}\r\n", whole.size());
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  for (const auto& headers : {length + chunked, chunked + length}) {
    expect_failure_of_search({.bytes = fmt::format("HTTP/1.1 200 OK\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                                                   headers, whole.size(), whole)},
                             fetch_error_kind::bad_response);
  }
}

TEST_P(hostile_response, truncated_page_is_bad_response) {
  // Their HTTP is valid.
  const std::string whole = page();
  const std::string cut = whole.substr(0, whole.find("</div></div>"));
  for (const std::string& bytes :
       {"HTTP/1.1 200 OK\r\n\r\n" + cut, http_response(200, "", cut),
        fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", cut.size(), whole),
        "HTTP/1.1 200 OK\r\n\r\n" + whole.substr(0, whole.find("</div></div>") + 6),
        http_response(200, "", "")}) {
    SCOPED_TRACE(bytes);
    expect_failure_of_search({.bytes = bytes, .close_after = true}, fetch_error_kind::bad_response);
  }
}

TEST_P(hostile_response, page_without_results_is_bad_response) {
  expect_failure_of_search({.bytes = http_response(200, "", "<html><body><h1>Back soon</h1></body></html>")},
                           fetch_error_kind::bad_response);
}

TEST_P(hostile_response, cookie_of_other_scope_gives_no_session) {
  std::atomic<int> searches = 0;
  for (const char* const attributes : {"Domain=example.org", "Path=/admin", "Secure"}) {
    const stub_server site{[&](const std::string& request) -> stub_response {
      if (is_search(request)) {
        ++searches;
        return page_of_fares();
      }
      return {.bytes = http_response(200, fmt::format("Set-Cookie: JSESSIONID=abc; {}\r\n", attributes), "")};
    }};
    expect_failure(site.url(), fetch_error_kind::no_session);
  }
  EXPECT_EQ(searches, 0);
}

TEST_P(hostile_response, invalid_http_is_bad_response) {
  for (const std::string text :
       {"HTTP/1.1 200 OK\r\nContent-Length: -7\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n<p>\r\n0\r\n\r\n",
        "<html>hello</html>\r\n", "HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
    SCOPED_TRACE(text);
    expect_failure_of_search({.bytes = text, .close_after = true}, fetch_error_kind::bad_response);
  }
}

TEST_P(hostile_response, requested_encoding_is_decoded) {
  const stub_server site{[](const std::string& request) -> stub_response {
    if (!is_search(request)) return start_page();
    if (request.find("\r\nAccept-Encoding: ") == std::string::npos)
      return {.bytes = http_response(406, "", "")};
    return {.bytes = http_response(200, "Content-Encoding: gzip\r\n", gzipped(page()))};
  }};
  expect_one_fare(site.url(), {.accept_compressed = true});
  expect_failure_of_search({.bytes = http_response(200, "Content-Encoding: gzip\r\n", "no gzip")},
                           fetch_error_kind::bad_response, {.accept_compressed = true});
}

TEST_P(hostile_response, repeated_gzip_is_decoded_up_to_five_times) {
  const fetch_limits compressed{.accept_compressed = true};
  std::string body = page();
  std::string codings;
  for (int count = 1; count <= 6; ++count) {
    SCOPED_TRACE(count);
    body = gzipped(body);
    codings += count == 1 ? "gzip" : count % 2 == 0 ? ", gzip" : "\r\nContent-Encoding: gzip";
    const stub_response response{http_response(200, "Content-Encoding: " + codings + "\r\n", body)};
    // libcurl 8.14 refuses the fifth; 7.88 decodes it.
    if (count == 5 && http().version().starts_with("libcurl/8.")) continue;
    if (count == 6) {
      expect_failure_of_search(response, fetch_error_kind::unsupported_response, compressed);
      continue;
    }
    const stub_server site{
        [&](const std::string& request) { return is_search(request) ? response : start_page(); }};
    expect_one_fare(site.url(), compressed);
  }
  // The inner one is invalid, or ends within a member.
  for (const std::string& inner : {std::string{"no gzip"}, gzipped(page()).substr(0, 50)}) {
    expect_failure_of_search({http_response(200, "Content-Encoding: gzip, gzip\r\n", gzipped(inner))},
                             fetch_error_kind::bad_response, compressed);
  }
}

TEST_P(hostile_response, body_limit_applies_to_decoded_body) {
  const auto bomb = gzipped(std::string(1'000'000, ' '));
  ASSERT_LT(bomb.size(), 10'000u);
  for (const auto& [codings, body] : {std::pair{"gzip", bomb}, std::pair{"gzip, gzip", gzipped(bomb)}}) {
    expect_failure_of_search(
        {.bytes = http_response(200, fmt::format("Content-Encoding: {}\r\n", codings), body)},
        fetch_error_kind::body_too_large, {.max_body_bytes = 10'000, .accept_compressed = true});
  }
}

TEST_P(hostile_response, unrequested_response_is_not_used) {
  // The server sends a second page, with a lower price, after each page. It arrives with the first page, but
  // beyond what a client reads at once; or later, but before the next request. (No client could recognise
  // one that arrives after the next request.)
  const auto cheap = http_response(200, "Set-Cookie: JSESSIONID=abc\r\n",
                                   page_with("<div class='select-line'>07:05 10:40 Relax 12 1 CZK</div>"));
  for (const bool together : {true, false}) {
    stub_server site{[&](const std::string& request) -> stub_response {
      if (!is_search(request)) return start_page();
      return {.bytes = http_response(200, "", page() + std::string(30'000, ' ')) + (together ? cheap : "")};
    }};
    auto work = days_at(site.url(), 6, 1);
    work.policy.max_attempts = 1;
    work.query_at = [&](std::size_t index) {
      if (together) {
        site.wait_until_delivered();
      } else if (index > 0) {
        site.push(cheap);
      }
      return day(index);
    };
    collected_outcomes outcomes;
    run(work, outcomes.sink());
    ASSERT_EQ(outcomes.size(), 6u);
    for (const auto& [index, result] : outcomes.by_index()) {
      ASSERT_TRUE(result) << "day " << index << ": " << describe(result.error());
      ASSERT_EQ(result->size(), 1u);
      EXPECT_EQ(result->front().price_hundredths, 249'00);
    }
  }
}

TEST_P(hostile_response, empty_reply_on_kept_connection_is_retried_once) {
  // The site closes the connection of the last day's search once the other days are done. Their connections
  // are kept, so libcurl could retry on each of them.
  constexpr std::size_t days = 6;
  event_count other_days;
  std::atomic<int> requests = 0;
  const stub_server site{[&](const std::string& request) -> stub_response {
    if (!is_search(request)) return start_page();
    if (!request.ends_with("departure=06.03.26")) return page_of_fares();
    ++requests;
    EXPECT_TRUE(other_days.wait_for(days - 1));
    return {.bytes = {}, .close_after = true};
  }};
  auto work = days_at(site.url(), days, days);
  work.policy.max_attempts = 1;
  work.policy.exchange.exchange_deadline = 2 * hang_deadline;
  work.policy.scrape_deadline = 2 * hang_deadline;
  collected_outcomes outcomes;
  const auto collect = outcomes.sink();
  run(work, [&](std::size_t index, outcome&& result) {
    collect(index, std::move(result));
    other_days.add();
  });
  ASSERT_EQ(outcomes.size(), days);
  ASSERT_FALSE(outcomes.at(days - 1));
  EXPECT_EQ(outcomes.at(days - 1).error().kind, fetch_error_kind::connection_lost);
  EXPECT_EQ(requests, 2);
}

TEST_P(hostile_response, body_below_min_rate_ends_before_deadline) {
  const auto begin = std::chrono::steady_clock::now();
  expect_failure_of_search(
      {.bytes = http_response(200, "", std::string(600'000, ' ')), .write_bytes = 1, .write_interval = 2ms},
      fetch_error_kind::deadline_exceeded,
      {.exchange_deadline = 1h, .min_bytes_per_second = 100'000, .min_rate_grace = 100ms});
  EXPECT_LT(std::chrono::steady_clock::now() - begin, hang_deadline)
      << "at this rate the body takes 20 minutes";
}

TEST_P(hostile_response, slow_body_above_min_rate_is_accepted) {
  const stub_server site{[](const std::string& request) -> stub_response {
    if (!is_search(request)) return start_page();
    return {.bytes = http_response(200, "", page()), .write_bytes = 1, .write_interval = 2ms};
  }};
  expect_one_fare(site.url(), {.min_bytes_per_second = 1, .min_rate_grace = 10ms});
}

}  // namespace
}  // namespace farebench::test
