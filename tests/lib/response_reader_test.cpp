#include "http/response_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace farebench {
namespace {

using namespace std::chrono_literals;

constexpr const char* request_url = "http://site.test/m/";

/// A reader with what an exchange lends to it.
struct exchange {
  explicit exchange(const fetch_limits& exchange_limits = {}, offered_codings codings = offered_codings::all,
                    bool opens_connection = false, bool closes_connection = false)
      : limits{exchange_limits}, reader{codings} {
    reader.begin(limits, cookies, on_body,
                 {.opens_connection = opens_connection, .closes_connection = closes_connection});
    reader.begin_response(request_url, false);
  }

  /// Passes the lines of `text` to the reader until it returns a reason.
  abort_reason accept(std::string_view text) {
    while (!text.empty()) {
      const auto size = std::min(text.find('\n'), text.size() - 1) + 1;
      if (const auto reason = reader.accept_header(text.substr(0, size)); reason != abort_reason::none)
        return reason;
      text.remove_prefix(size);
    }
    return abort_reason::none;
  }
  abort_reason accept_body(std::string_view chunk) {
    return reader.accept_body(chunk, [] { return 0us; });
  }
  /// Follows the redirect of the current response.
  response_reader::next_request follow() {
    auto next = reader.follow_redirect();
    url = next.url;
    reader.begin_response(url, false);
    return next;
  }

  fetch_limits limits;
  cookie_jar cookies;
  std::string body;
  exchange_request::body_sink on_body = [this](std::string_view chunk) { body += chunk; };
  std::string url;
  response_reader reader;
};

std::string redirect_to(std::string_view location, int status = 302) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nLocation: " + std::string{location} + "\r\n\r\n";
}

TEST(response_reader, last_response_follows_1xx_responses) {
  exchange run;
  EXPECT_EQ(run.accept("HTTP/1.1 100 Continue\r\n\r\n"), abort_reason::none);
  EXPECT_FALSE(run.reader.is_header_complete());
  EXPECT_EQ(run.accept("HTTP/1.0 103 X\r\nContent-Length: 7\r\nSet-Cookie: a=b\r\nLocation: /\r\n"
                       "Transfer-Encoding: x\r\nContent-Encoding: x\r\nRetry-After: 9\r\n\r\n"),
            abort_reason::none);
  EXPECT_EQ(run.accept("HTTP/1.1 503 X\n\n"), abort_reason::none);
  EXPECT_TRUE(run.reader.is_header_complete());
  EXPECT_EQ(run.reader.status(), 503);
  EXPECT_EQ(run.reader.content_length(), -1);
  EXPECT_FALSE(run.reader.is_chunked());
  EXPECT_FALSE(run.reader.is_redirected());
  EXPECT_FALSE(run.reader.closes_connection());
  const auto response = run.reader.take_response();
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.retry_after.count(), 0);
  EXPECT_TRUE(response.cookies.empty());
}

TEST(response_reader, invalid_header_is_rejected) {
  using enum abort_reason;
  const std::initializer_list<std::pair<std::string, abort_reason>> headers = {
      {"\r\n", status_line},
      {"HTTP/1.1 099 X\r\n", status_line},
      {"HTTP/1.1 100\r\n\r\nX: y\r\n", status_line},
      {{"HTTP/1.1 200 \0\r\n", 16}, header_line},
      {"HTTP/1.1 200\r\nno field\r\n", header_line},
      {"HTTP/1.1 200\r\n continued\r\n", header_line},
      {"HTTP/1.1 200\r\n continued: x\r\n", header_line},
      {"HTTP/1.1 200\r\nHTTP/1.1 200\r\n", header_line},
      {{"HTTP/1.1 200\r\nX: y\r\n \0\r\n", 24}, header_line},
      {"HTTP/1.1 101 X\r\n", protocol},
      {"HTTP/1.1 100\r\n\r\nHTTP/1.1 101\r\n", protocol},
      {"HTTP/1.1 200\r\nContent-Length: -7\r\n\r\n", invalid_length},
      {"HTTP/1.1 200\r\nContent-Length: -0\r\n\r\n", invalid_length},
      {"HTTP/1.1 200\r\nContent-Length: 5, 5\r\n\r\n", invalid_length},
      {"HTTP/1.1 200\r\nContent-Length:\r\n 5\r\n\r\n", invalid_length},
      {"HTTP/1.1 200\r\nContent-Length: 5\r\ncontent-length: 6\r\n\r\n", conflicting_lengths},
      {"HTTP/1.1 200\r\nContent-Length: 5\r\nHTTP/1.1 200 a: b\r\nContent-Length: 6\r\n\r\n",
       conflicting_lengths},
      {"HTTP/1.1 200\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", length_with_chunks},
      {"HTTP/1.1 200\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\n", length_with_chunks},
      {"HTTP/1.1 200\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", transfer_coding},
      {"HTTP/1.1 200\r\nTransfer-Encoding : chunked\r\n\r\n", transfer_coding},
      {"HTTP/1.1 200\r\nContent-Encoding: gzip\r\n\r\n", content_coding},
      {redirect_to("file:///etc/passwd"), redirect_target},
      {redirect_to("http://user@site.test/"), redirect_target},
      {"HTTP/1.1 302\r\nLocation: /a\r\nLocation: /b\r\n\r\n", different_redirects},
  };
  for (const auto& [header, reason] : headers) EXPECT_EQ(exchange{}.accept(header), reason) << header;
}

TEST(response_reader, header_delimits_body) {
  struct expectation {
    const char* header;
    std::int64_t length = -1;
    bool is_chunked = false;
    bool has_body = true;
    bool closes = false;
  };
  for (const auto& expected : std::initializer_list<expectation>{
           {.header = "HTTP/1.1 200\r\n\r\n"},
           {.header = "HTTP/1.1 200\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", .length = 0},
           {.header = "HTTP/1.1 200\nX: y\n continued\nContent-Length: 9223372036854775807\n\n",
            .length = 9'223'372'036'854'775'807},
           {.header = "HTTP/1.1 404\r\nTransfer-Encoding: Chunked\r\n\r\n", .is_chunked = true},
           {.header = "HTTP/1.1 200\r\nTransfer-Encoding: identity\r\n\r\n"},
           {.header = "HTTP/1.1 204\r\nContent-Length: 5\r\n\r\n", .length = 5, .has_body = false},
           {.header = "HTTP/1.1 304\r\nTransfer-Encoding: chunked\r\n\r\n",
            .is_chunked = true,
            .has_body = false},
           {.header = "HTTP/1.1 200\r\nConnection: x,\r\n Close\r\n\r\n", .closes = true},
           {.header = "HTTP/1.0 200\r\n\r\n", .closes = true},
           {.header = "HTTP/1.0 200\r\nConnection: Keep-Alive\r\n\r\n"},
           {.header = "HTTP/1.0 200\r\nConnection: keep-alive, close\r\n\r\n", .closes = true},
       }) {
    SCOPED_TRACE(expected.header);
    exchange run;
    ASSERT_EQ(run.accept(expected.header), abort_reason::none);
    EXPECT_TRUE(run.reader.is_header_complete());
    EXPECT_EQ(run.reader.content_length(), expected.length);
    EXPECT_EQ(run.reader.is_chunked(), expected.is_chunked);
    EXPECT_EQ(run.reader.has_body(), expected.has_body);
    EXPECT_EQ(run.reader.closes_connection(), expected.closes);
  }
}

TEST(response_reader, only_offered_codings_are_accepted) {
  struct expectation {
    const char* coding;
    offered_codings offered;
    bool is_accepted;
    std::size_t gzip_codings = 0;
  };
  using enum offered_codings;
  for (const auto& [coding, offered, is_accepted, gzip_codings] : std::initializer_list<expectation>{
           {"identity", gzip, true},
           {"x-gzip", gzip, true, 1},
           {"identity, gzip", gzip, true, 1},
           {"gzip, gzip", gzip, true, 2},
           {"gzip\r\nContent-Encoding: gzip, x-gzip", gzip, true, 3},
           {"gzip\r\nContent-Encoding: identity", gzip, true, 1},
           {"gzip,gzip,gzip,gzip,gzip", gzip, true, 5},
           {"gzip,gzip,gzip,gzip,gzip,gzip", gzip, false},
           {"gzip,gzip,gzip\r\nContent-Encoding: gzip,gzip,gzip", gzip, false},
           {"br", gzip, false},
           {"gzip, br", gzip, false},
           {"\r\n gzip", gzip, false},
           {"br", all, true},
           {"gzip, gzip", all, true},
           {"compress", all, false},
       }) {
    SCOPED_TRACE(coding);
    const auto lines = std::string{"\r\nContent-Encoding: "} + coding + "\r\n\r\n";
    exchange run{{.accept_compressed = true}, offered};
    ASSERT_EQ(run.accept("HTTP/1.1 200" + lines),
              is_accepted ? abort_reason::none : abort_reason::content_coding);
    EXPECT_EQ(run.reader.gzip_codings(), gzip_codings);

    // The status of a failure is a response; its body is lost if it cannot be decoded.
    exchange failure{{.accept_compressed = true}, offered};
    ASSERT_EQ(failure.accept("HTTP/1.1 503" + lines), abort_reason::none);
    EXPECT_EQ(failure.reader.gzip_codings(), gzip_codings);
    EXPECT_EQ(failure.accept_body("text"), abort_reason::none);
    EXPECT_EQ(failure.body, is_accepted ? "text" : "");
  }
}

TEST(response_reader, redirect_within_origin_keeps_cookies) {
  exchange run;
  ASSERT_EQ(run.accept("HTTP/1.1 303 X\r\nSet-Cookie: a=1; Path=/\r\nLocation: next?1\r\n"
                       "Content-Length: 5\r\nContent-Encoding: x-unknown\r\n\r\n"),
            abort_reason::none);
  EXPECT_TRUE(run.reader.is_redirected());
  EXPECT_FALSE(run.reader.has_followed_redirect());
  EXPECT_EQ(run.accept_body("moved"), abort_reason::none);
  EXPECT_EQ(run.reader.body_bytes(), 5u);

  const auto next = run.follow();
  EXPECT_EQ(next.url, "http://site.test/m/next?1");
  EXPECT_FALSE(next.keeps_method);
  EXPECT_TRUE(run.reader.has_followed_redirect());
  EXPECT_FALSE(run.reader.is_redirected());
  EXPECT_FALSE(run.reader.has_left_origin());
  EXPECT_EQ(run.reader.body_bytes(), 0u);
  ASSERT_EQ(run.accept("HTTP/1.1 200\r\nSet-Cookie: b=2\r\nLocation: /ignored\r\n\r\n"), abort_reason::none);
  EXPECT_EQ(run.accept_body("page"), abort_reason::none);
  EXPECT_EQ(run.body, "page");
  EXPECT_EQ(run.reader.take_response().cookies.header_for(run.url), "b=2; a=1");
}

TEST(response_reader, redirect_elsewhere_does_not_set_cookies) {
  exchange run;
  run.reader.begin(run.limits, run.cookies, run.on_body, {.is_post = true});
  run.reader.begin_response(request_url, false);
  ASSERT_EQ(run.accept("HTTP/1.1 307 X\r\nLocation: http://other.test/\r\nContent-Length: 0\r\n\r\n"),
            abort_reason::none);
  EXPECT_TRUE(run.follow().keeps_method);
  EXPECT_TRUE(run.reader.has_left_origin());
  ASSERT_EQ(run.accept("HTTP/1.1 302 X\r\nSet-Cookie: a=1\r\nLocation: http://SITE.test:80/\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n"),
            abort_reason::none);
  EXPECT_TRUE(run.cookies.empty());
  EXPECT_FALSE(run.follow().keeps_method);
  EXPECT_FALSE(run.reader.has_left_origin()) << "back at the request's origin";
  ASSERT_EQ(run.accept("HTTP/1.1 200\r\nSet-Cookie: b=2\r\n\r\n"), abort_reason::none);
  EXPECT_EQ(run.cookies.header_for(request_url), "b=2");
}

TEST(response_reader, redirects_are_limited) {
  exchange run{{.max_header_bytes = 150, .max_redirects = 2}};
  const auto header = redirect_to("/");
  ASSERT_LT(3 * header.size(), 150u);
  for (int followed = 0; followed < 2; ++followed) {
    EXPECT_EQ(run.accept(header), abort_reason::redirect_body) << "its body lasts until the connection ends";
    run.follow();
  }
  EXPECT_EQ(run.accept(header), abort_reason::too_many_redirects);

  // The limit of the header applies to all responses together.
  exchange long_run{{.max_header_bytes = 2 * header.size() - 1}};
  EXPECT_EQ(long_run.accept(header), abort_reason::redirect_body);
  long_run.follow();
  EXPECT_EQ(long_run.accept(header), abort_reason::headers_too_large);
}

TEST(response_reader, long_redirect_body_is_not_read) {
  const std::string first = "HTTP/1.1 302 X\r\nLocation: /\r\n";
  EXPECT_EQ(exchange{}.accept(first + "Content-Length: 65536\r\n\r\n"), abort_reason::none);
  EXPECT_EQ(exchange{}.accept(first + "Content-Length: 65537\r\n\r\n"), abort_reason::redirect_body);
  exchange run{{.max_body_bytes = 1}};
  ASSERT_EQ(run.accept(first + "Transfer-Encoding: chunked\r\n\r\n"), abort_reason::none);
  EXPECT_EQ(run.accept_body(std::string(65'536, ' ')), abort_reason::none);
  EXPECT_EQ(run.accept_body(" "), abort_reason::redirect_body);
  EXPECT_EQ(run.body, "");
}

TEST(response_reader, body_is_limited) {
  exchange run{{.max_body_bytes = 5}};
  ASSERT_EQ(run.accept("HTTP/1.1 500\r\n\r\n"), abort_reason::none);
  EXPECT_EQ(run.accept_body("12345"), abort_reason::none);
  EXPECT_EQ(run.accept_body("6"), abort_reason::body_too_large);
  EXPECT_EQ(run.body, "12345");
}

TEST(response_reader, rate_is_checked_at_every_eighth_chunk) {
  for (const auto& [elapsed, reason] :
       std::initializer_list<std::pair<std::chrono::microseconds, abort_reason>>{
           {1s, abort_reason::none}, {1'600ms, abort_reason::none}, {1'601ms, abort_reason::too_slow}}) {
    exchange run{{.min_bytes_per_second = 10, .min_rate_grace = 1s}};
    ASSERT_EQ(run.accept("HTTP/1.1 200\r\n\r\n"), abort_reason::none);
    int calls = 0;
    const auto clock = [&, passed = elapsed] {
      ++calls;
      return passed;
    };
    for (int chunk = 0; chunk < 7; ++chunk)
      EXPECT_EQ(run.reader.accept_body("12", clock), abort_reason::none);
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(run.reader.accept_body("12", clock), reason) << "16 bytes";
    EXPECT_EQ(calls, 1);
  }
}

TEST(response_reader, exception_of_sink_is_passed_on) {
  exchange run;
  run.on_body = [](std::string_view) { throw std::runtime_error{"sink"}; };
  ASSERT_EQ(run.accept("HTTP/1.1 200\r\n\r\n"), abort_reason::none);
  EXPECT_THROW(run.accept_body("text"), std::runtime_error);
  run.on_body = nullptr;
  EXPECT_EQ(run.accept_body("text"), abort_reason::none);
}

TEST(response_reader, trailers_count_but_mean_nothing) {
  exchange run{{.max_header_bytes = 200}};
  const std::string header = "HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string trailers =
      "Set-Cookie: a=1\r\n continued\r\nno field\r\nHTTP/1.1 200\r\nContent-Length: 5\r\nRetry-After: "
      "9\r\n\r\n";
  ASSERT_EQ(run.accept(header + trailers), abort_reason::none);
  EXPECT_EQ(run.reader.status(), 503);
  EXPECT_EQ(run.accept(std::string(201 - header.size() - trailers.size(), '\n')),
            abort_reason::headers_too_large);
  const auto response = run.reader.take_response();
  EXPECT_TRUE(response.cookies.empty());
  EXPECT_EQ(response.retry_after.count(), 0);
}

TEST(response_reader, longest_retry_after_of_failure_counts) {
  for (const auto& [status, seconds] :
       std::initializer_list<std::pair<const char*, int>>{{"503", 9}, {"200", 0}}) {
    exchange run;
    const std::string fields = "\r\nRetry-After: 5\r\nRetry-After: 9\r\nRetry-After: soon\r\n\r\n";
    ASSERT_EQ(run.accept("HTTP/1.1 " + (status + fields)), abort_reason::none);
    EXPECT_EQ(run.reader.take_response().retry_after.count(), seconds);
  }
}

TEST(response_reader, closing_408_on_kept_connection_is_no_response) {
  const std::string closing = "HTTP/1.1 408 X\r\nConnection: close\r\n\r\n";
  exchange fresh;
  EXPECT_EQ(fresh.accept(closing), abort_reason::none);
  exchange kept;
  kept.reader.begin_response(request_url, true);
  EXPECT_EQ(kept.accept(closing), abort_reason::connection);
  kept.reader.begin_response(request_url, false);
  EXPECT_EQ(kept.accept(closing), abort_reason::none) << "sent again";
  kept.reader.begin_response(request_url, true);
  EXPECT_EQ(kept.accept("HTTP/1.1 408 X\r\n\r\n"), abort_reason::none) << "the connection stays open";
}

TEST(response_reader, request_forbids_reuse_after_last_response) {
  for (const bool opens : {false, true}) {
    for (const bool closes : {false, true}) {
      for (const char* const status : {"200", "404"}) {
        SCOPED_TRACE(status);
        exchange run{{}, offered_codings::all, opens, closes};
        ASSERT_EQ(run.accept("HTTP/1.1 302 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
                  abort_reason::none);
        EXPECT_FALSE(run.reader.forbids_reuse());
        run.follow();
        EXPECT_FALSE(run.reader.forbids_reuse());
        ASSERT_EQ(run.accept(std::string{"HTTP/1.1 "} + status + "\r\n\r\n"), abort_reason::none);
        EXPECT_EQ(run.reader.forbids_reuse(), closes || (opens && run.reader.status() != 200));
      }
    }
  }
}

TEST(response_reader, next_exchange_starts_afresh) {
  exchange run{{.max_header_bytes = 120, .max_redirects = 1}};
  for (int count = 0; count < 3; ++count) {
    run.reader.begin(run.limits, run.cookies, run.on_body, {});
    run.reader.begin_response(request_url, false);
    EXPECT_EQ(run.accept("HTTP/1.1 302 X\r\nLocation: http://other.test/\r\nRetry-After: 7\r\n\r\n"),
              abort_reason::redirect_body);
    run.follow();
    EXPECT_EQ(run.accept("HTTP/1.0 503 X\r\n"), abort_reason::none);
  }
}

}  // namespace
}  // namespace farebench
