// What every strategy promises of answers that lie, flood, dribble or lead astray: a typed error, bounded.

#include <fmt/format.h>
#include <zlib.h>

#include <atomic>
#include <chrono>
#include <string>

#include "tests/contract/every_strategy.hpp"
#include "tests/contract/one_fare_site.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench::test {
namespace {

using namespace std::chrono_literals;

bool asks_for(const std::string& request, std::string_view path) {
  return request.substr(request.find(' ') + 1).starts_with(path);
}

stub_answer page_of_fares() { return {.bytes = http_response(200, "", page())}; }

stub_answer redirect(const std::string& location, int status = 302) {
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

class hostile_answer : public every_strategy {
 protected:
  void expect_every_day(const std::string& url, fetch_limits limits,
                        const std::function<void(const outcome&)>& law) {
    auto work = days_at(url, 3, 2);
    work.policy.exchange = limits;
    work.policy.max_attempts = 1;
    collected_outcomes outcomes;
    run(work, outcomes.sink());
    ASSERT_EQ(outcomes.size(), 3u);
    for (const auto& [index, result] : outcomes.by_index()) law(result);
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
  /// The same for a site that behaves but for what it answers to the search.
  void expect_failure_of_search(const stub_answer& answer, fetch_error_kind kind, fetch_limits limits = {}) {
    const stub_server site{
        [&](const std::string& request) { return is_search(request) ? answer : start_page(); }};
    expect_failure(site.url(), kind, limits);
  }
};
INSTANTIATE_TEST_SUITE_P(contract, hostile_answer, all_strategies(), name_of);

TEST_P(hostile_answer, led_on_within_the_site_is_followed) {
  // A page of results behind a redirect, as after every POST of many sites; and a start page, whose session
  // may be set on the way.
  const stub_server site{[](const std::string& request) -> stub_answer {
    if (is_search(request)) return redirect("/results?1", 303);
    if (asks_for(request, "/results")) {
      return request.find("Cookie: JSESSIONID=late") == std::string::npos
                 ? stub_answer{http_response(403, "", "")}
                 : page_of_fares();
    }
    if (asks_for(request, "/m/welcome"))
      return {.bytes = http_response(200, "Set-Cookie: JSESSIONID=late\r\n", "")};
    return {.bytes = http_response(302, "Set-Cookie: JSESSIONID=early\r\nLocation: welcome\r\n", "")};
  }};
  expect_one_fare(site.url());
}

TEST_P(hostile_answer, led_on_without_end_is_refused) {
  std::atomic<int> asked = 0;
  const stub_server site{[&](const std::string& request) {
    if (!is_search(request) && asks_for(request, "/m/")) return start_page();
    ++asked;
    return redirect("/round");
  }};
  expect_failure(site.url(), fetch_error_kind::redirect_refused);
  EXPECT_EQ(asked, 3 * (1 + 3)) << "three days, each led on three times";
  expect_failure(site.url(), fetch_error_kind::redirect_refused, {.max_redirects = 0});
}

TEST_P(hostile_answer, led_elsewhere_than_to_http_is_refused) {
  for (const char* location :
       {"file:///etc/passwd", "FILE:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:1/_x",
        "dict://127.0.0.1/", "javascript:alert(1)", "http://", "http://127.0.0.1:99999/"}) {
    SCOPED_TRACE(location);
    expect_failure_of_search(redirect(location), fetch_error_kind::redirect_refused);
  }
}

TEST_P(hostile_answer, led_to_another_host_does_not_take_its_cookies_along) {
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

TEST_P(hostile_answer, a_flood_of_1xx_is_cut_off) {
  std::string flood;
  for (int i = 0; i < 5'000; ++i) flood += "HTTP/1.1 103 Early Hints\r\n\r\n";
  expect_failure_of_search({.bytes = flood}, fetch_error_kind::header_too_large);
}

TEST_P(hostile_answer, headers_of_redirects_count_too) {
  const auto long_header = "X-Long: " + std::string(4'000, 'x') + "\r\n";
  const stub_server site{[&](const std::string& request) -> stub_answer {
    if (!is_search(request) && asks_for(request, "/m/")) return start_page();
    return {.bytes = http_response(302, long_header + "Location: /round\r\n", "")};
  }};
  expect_failure(site.url(), fetch_error_kind::header_too_large, {.max_header_bytes = 10'000});
}

TEST_P(hostile_answer, two_lengths_that_differ) {
  expect_failure_of_search(
      {.bytes = fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nContent-Length: 5\r\n\r\n{}",
                            page().size(), page())},
      fetch_error_kind::bad_response);
}

TEST_P(hostile_answer, the_same_length_twice_is_no_lie) {
  const auto length = fmt::format("Content-Length: {}\r\n", page().size());
  const stub_server site{[&](const std::string& request) {
    return is_search(request) ? stub_answer{"HTTP/1.1 200 OK\r\n" + length + length + "\r\n" + page()}
                              : start_page();
  }};
  expect_one_fare(site.url());
}

TEST_P(hostile_answer, a_length_that_is_a_list) {
  const auto whole = page();
  expect_failure_of_search(
      {.bytes = fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}, 5\r\n\r\n{}", whole.size(), whole)},
      fetch_error_kind::bad_response);
}

TEST_P(hostile_answer, a_length_of_what_is_chunked) {
  const auto whole = page();
  const std::string length = fmt::format("Content-Length: {}\r\n", whole.size());
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  for (const auto& headers : {length + chunked, chunked + length}) {
    expect_failure_of_search({.bytes = fmt::format("HTTP/1.1 200 OK\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                                                   headers, whole.size(), whole)},
                             fetch_error_kind::bad_response);
  }
}

TEST_P(hostile_answer, a_page_that_ends_before_its_end) {
  // All that HTTP says of them is in order.
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

TEST_P(hostile_answer, an_apology_in_place_of_results) {
  expect_failure_of_search({.bytes = http_response(200, "", "<html><body><h1>Back soon</h1></body></html>")},
                           fetch_error_kind::bad_response);
}

TEST_P(hostile_answer, a_session_for_somewhere_else_is_not_sent_back) {
  std::atomic<int> searches = 0;
  for (const char* const attributes : {"Domain=example.org", "Path=/admin", "Secure"}) {
    const stub_server site{[&](const std::string& request) -> stub_answer {
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

TEST_P(hostile_answer, what_is_not_quite_http) {
  for (const std::string text :
       {"HTTP/1.1 200 OK\r\nContent-Length: -7\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n<p>\r\n0\r\n\r\n",
        "<html>hello</html>\r\n", "HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
    SCOPED_TRACE(text);
    expect_failure_of_search({.bytes = text, .close_after = true}, fetch_error_kind::bad_response);
  }
}

TEST_P(hostile_answer, encoded_as_was_not_asked_for) {
  for (const char* encoding : {"gzip", "br", "x-unknown", "gzip, identity"}) {
    expect_failure_of_search(
        {.bytes = http_response(200, fmt::format("Content-Encoding: {}\r\n", encoding), gzipped(page()))},
        fetch_error_kind::bad_response);
  }
}

TEST_P(hostile_answer, encoded_as_was_asked_for_is_decoded) {
  const stub_server site{[](const std::string& request) -> stub_answer {
    if (!is_search(request)) return start_page();
    if (request.find("\r\nAccept-Encoding: ") == std::string::npos)
      return {.bytes = http_response(406, "", "")};
    return {.bytes = http_response(200, "Content-Encoding: gzip\r\n", gzipped(page()))};
  }};
  expect_one_fare(site.url(), {.accept_compressed = true});
  expect_failure_of_search({.bytes = http_response(200, "Content-Encoding: gzip\r\n", "no gzip")},
                           fetch_error_kind::bad_response, {.accept_compressed = true});
}

TEST_P(hostile_answer, a_bomb_is_as_large_as_what_comes_out_of_it) {
  const auto bomb = gzipped(std::string(1'000'000, ' '));
  ASSERT_LT(bomb.size(), 10'000u);
  expect_failure_of_search({.bytes = http_response(200, "Content-Encoding: gzip\r\n", bomb)},
                           fetch_error_kind::body_too_large,
                           {.max_body_bytes = 10'000, .accept_compressed = true});
}

TEST_P(hostile_answer, that_nobody_asked_for_is_not_taken_for_the_next) {
  // Behind each page another one, of a cheaper fare: with it, but beyond what is read at once; or after it,
  // but before the next request. (What comes after that, no client could tell from its answer.)
  const auto cheap = http_response(200, "Set-Cookie: JSESSIONID=abc\r\n",
                                   page_with("<div class='select-line'>07:05 10:40 Relax 12 1 CZK</div>"));
  for (const bool together : {true, false}) {
    const stub_server site{[&](const std::string& request) -> stub_answer {
      if (!is_search(request)) return start_page();
      auto answer = http_response(200, "", page() + std::string(30'000, ' '));
      if (together) return {.bytes = answer + cheap};
      return {.bytes = answer, .later = cheap, .before_later = 10ms};
    }};
    auto work = days_at(site.url(), 6, 1);
    work.policy.max_attempts = 1;
    work.query_at = [](std::size_t index) {
      std::this_thread::sleep_for(50ms);  // until it is there
      return day(index);
    };
    collected_outcomes outcomes;
    run(work, outcomes.sink());
    for (const auto& [index, result] : outcomes.by_index()) {
      ASSERT_TRUE(result) << "day " << index << ": " << describe(result.error());
      ASSERT_EQ(result->size(), 1u);
      EXPECT_EQ(result->front().price_hundredths, 249'00);
    }
  }
}

TEST_P(hostile_answer, none_at_all_on_a_kept_connection_is_asked_for_once_more_and_no_oftener) {
  // Six connections are kept when the site hangs up on whoever searches for the first day.
  std::atomic<int> asked = 0;
  const stub_server site{[&](const std::string& request) -> stub_answer {
    if (!is_search(request)) return start_page();
    if (!request.ends_with("departure=01.03.26")) return page_of_fares();
    ++asked;
    std::this_thread::sleep_for(100ms);  // until the others are idle
    return {.bytes = {}, .close_after = true};
  }};
  auto work = days_at(site.url(), 6, 6);
  work.policy.max_attempts = 1;
  collected_outcomes outcomes;
  run(work, outcomes.sink());
  ASSERT_FALSE(outcomes.at(0));
  EXPECT_EQ(outcomes.at(0).error().kind, fetch_error_kind::connection_lost);
  EXPECT_EQ(asked, 2);
}

TEST_P(hostile_answer, that_dribbles_is_given_up_long_before_its_deadline) {
  const auto begin = std::chrono::steady_clock::now();
  expect_failure_of_search({.bytes = http_response(200, "", std::string(60'000, ' ')), .between_bytes = 2ms},
                           fetch_error_kind::deadline_exceeded,
                           {.min_bytes_per_second = 100'000, .min_rate_grace = 100ms});
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s)
      << "the deadline is at 30 s, of each of three days";
}

TEST_P(hostile_answer, that_is_slow_but_not_too_slow_comes_home) {
  const stub_server site{[](const std::string& request) -> stub_answer {
    if (!is_search(request)) return start_page();
    return {.bytes = http_response(200, "", page()), .between_bytes = 2ms};
  }};
  expect_one_fare(site.url(), {.min_bytes_per_second = 5, .min_rate_grace = 10ms});
}

}  // namespace
}  // namespace farebench::test
