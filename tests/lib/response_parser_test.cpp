#include "native/response_parser.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "farebench/cookie_jar.hpp"
#include "farebench/fetch_policy.hpp"
#include "tests/support/gzip.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using parse_state = response_parser::progress;

constexpr std::string_view response_url = "http://127.0.0.1/m/";
const std::string ok_line = "HTTP/1.1 200 OK\r\n";
const std::string chunked_head = ok_line + "Transfer-Encoding: chunked\r\n\r\n";

struct parse_result {
  parse_state state = parse_state::incomplete;
  /// Of `aborted`.
  abort_reason reason = abort_reason::none;
  int status = 0;
  std::string body = {};
  /// Bytes that belong to no request.
  std::string rest = {};

  bool operator==(const parse_result&) const = default;
  friend void PrintTo(const parse_result& result, std::ostream* out) {
    *out << fmt::format("state {}, reason {}, status {}, body '{}', rest '{}'",
                        static_cast<int>(result.state), static_cast<int>(result.reason), result.status,
                        result.body, result.rest);
  }
};

/// Parses the responses of one exchange after another.
class parser_of_test {
 public:
  explicit parser_of_test(const fetch_limits& limits = {}) : limits_{limits} {}

  void begin() {
    result_ = {};
    cookies = {};
    parser.reader().begin(limits_, cookies, on_body_, {});
    parser.reader().begin_response(response_url, false);
    parser.begin({});
  }

  /// Feeds the next bytes, which have arrived `elapsed` after the first.
  parse_state feed(std::string_view bytes, std::chrono::milliseconds elapsed = {}) {
    result_.state = parser.feed(bytes, response_parser::clock::time_point{elapsed});
    result_.reason = result_.state == parse_state::aborted ? parser.reason() : abort_reason::none;
    result_.rest = bytes;
    return result_.state;
  }

  /// Parses a response that arrives in parts, after which the server closes the connection.
  parse_result parse(std::string_view bytes, std::size_t part_size = std::string_view::npos) {
    begin();
    while (!bytes.empty() && result_.state == parse_state::incomplete) {
      feed(bytes.substr(0, part_size));
      bytes.remove_prefix(std::min(part_size, bytes.size()));
    }
    result_.rest += bytes;
    if (result_.state == parse_state::incomplete) result_.state = parser.end_of_stream();
    result_.status = parser.reader().status();
    return result_;
  }

  response_parser parser;
  cookie_jar cookies;

 private:
  fetch_limits limits_;
  parse_result result_;
  exchange_request::body_sink on_body_ = [this](std::string_view chunk) { result_.body += chunk; };
};

parse_result parse(std::string_view bytes, const fetch_limits& limits = {}) {
  return parser_of_test{limits}.parse(bytes);
}

parse_result complete_with(std::string body, std::string rest = {}) {
  return {.state = parse_state::complete, .status = 200, .body = std::move(body), .rest = std::move(rest)};
}

std::string with_length(std::string_view body) {
  return fmt::format("{}Content-Length: {}\r\n\r\n{}", ok_line, body.size(), body);
}

TEST(response_parser, chunk_size_is_hexadecimal) {
  const std::string text(0x1A, 'x');
  for (const char* const size : {"1A", "1a", "01a", "000000000000000000001A", "1A;", "1a;a=b;c=\"d;\"", "1A ",
                                 "1a\t;a", "1A anything", "1A\r"}) {
    EXPECT_EQ(parse(fmt::format("{}{}\r\n{}\r\n0\r\n\r\n", chunked_head, size, text)), complete_with(text))
        << size;
  }
}

TEST(response_parser, invalid_chunk_size_is_an_error) {
  for (const char* const size :
       {"", " ", "-1", "-0", "+5", "0x5", "x", "5g", " 5", ";a", "\"5\"", "5,5", "5.0", "8000000000000000",
        "ffffffffffffffff", "10000000000000000", "10000000000000005"}) {
    EXPECT_EQ(parse(fmt::format("{}{}\r\nhello\r\n0\r\n\r\n", chunked_head, size)).state,
              parse_state::invalid_chunk)
        << size;
  }
}

TEST(response_parser, largest_chunk_size_is_accepted) {
  const auto result = parse(chunked_head + "7fffffffffffffff\r\nhello");
  EXPECT_EQ(result.state, parse_state::incomplete);
  EXPECT_EQ(result.body, "hello");
}

TEST(response_parser, last_chunk_may_have_zeros_and_extension) {
  for (const char* const last : {"0", "00000", "0;a=b", "0 "})
    EXPECT_EQ(parse(fmt::format("{}2\r\nhi\r\n{}\r\n\r\n", chunked_head, last)), complete_with("hi")) << last;
}

TEST(response_parser, chunk_data_must_end_with_line_end) {
  for (const char* const end : {"0\r\n\r\n", "x\r\n0\r\n\r\n", "\rx\n0\r\n\r\n", " \r\n0\r\n\r\n"})
    EXPECT_EQ(parse(fmt::format("{}2\r\nhi{}", chunked_head, end)).state, parse_state::invalid_chunk) << end;
}

TEST(response_parser, trailers_are_ignored) {
  for (const char* const trailers :
       {"", "X: y\r\n", "X: y\n", "Content-Length: 9\r\nTransfer-Encoding: gzip\r\n", "no field\r\n",
        "\rx\r\n", "Connection: close\r\nLocation: /\r\n"}) {
    parser_of_test test;
    EXPECT_EQ(test.parse(fmt::format("{}2\r\nhi\r\n0\r\n{}\r\nrest", chunked_head, trailers)),
              complete_with("hi", "rest"))
        << trailers;
    EXPECT_FALSE(test.parser.reader().closes_connection());
    EXPECT_FALSE(test.parser.reader().is_redirected());
  }
}

TEST(response_parser, trailers_count_towards_header_limit) {
  const auto trailer = "X: " + std::string(100, 'y') + "\r\n";
  const auto bytes = chunked_head + "0\r\n" + trailer + trailer + "\r\n";
  EXPECT_EQ(parse(bytes, {.max_header_bytes = 300}), complete_with(""));
  EXPECT_EQ(parse(bytes, {.max_header_bytes = 200}).reason, abort_reason::headers_too_large);
}

TEST(response_parser, lines_may_end_with_line_feed) {
  EXPECT_EQ(parse("HTTP/1.1 200\nContent-Length: 2\n\nhi"), complete_with("hi"));
  EXPECT_EQ(parse("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nhi\n0\nX: y\n\n"), complete_with("hi"));
}

TEST(response_parser, line_of_chunk_size_ends_at_line_feed_between_quotes) {
  EXPECT_EQ(parse(chunked_head + "2;a=\"\nhi\n0;\"\r\n\r\nrest"), complete_with("hi", "rest"));
  EXPECT_EQ(parse(chunked_head + "2;a=\"\n\"\r\nhi\r\n0\r\n\r\n").state, parse_state::invalid_chunk);
}

TEST(response_parser, body_without_length_lasts_until_end) {
  for (const char* const line :
       {"HTTP/1.1 200 OK\r\n", "HTTP/1.0 200 OK\r\n", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n"}) {
    EXPECT_EQ(parse(line + "\r\nhello\r\n\r\n"s), complete_with("hello\r\n\r\n")) << line;
    EXPECT_EQ(parse(line + "\r\n"s), complete_with("")) << line;
  }
}

TEST(response_parser, rest_follows_a_complete_response) {
  const std::string next = "HTTP/1.1 500 X\r\n\r\n";
  EXPECT_EQ(parse(with_length("hi") + next), complete_with("hi", next));
  EXPECT_EQ(parse(with_length("") + next), complete_with("", next));
  EXPECT_EQ(parse(chunked_head + "2\r\nhi\r\n0\r\n\r\n" + next), complete_with("hi", next));
  for (const int status : {204, 304}) {
    for (const char* const field : {"", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"}) {
      const auto result = parse(fmt::format("HTTP/1.1 {} X\r\n{}\r\n{}", status, field, next));
      EXPECT_EQ(result, (parse_result{.state = parse_state::complete, .status = status, .rest = next}))
          << field;
    }
  }
}

TEST(response_parser, interim_responses_are_skipped) {
  EXPECT_EQ(
      parse("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\nContent-Length: 9\r\n\r\n" + with_length("hi")),
      complete_with("hi"));
  EXPECT_EQ(parse("HTTP/1.1 100 Continue\r\n\r\n").state, parse_state::incomplete);
  EXPECT_EQ(parse("HTTP/1.1 100 Continue\r\n\r\njunk").reason, abort_reason::status_line);
}

TEST(response_parser, result_does_not_depend_on_parts) {
  const auto page = test::compressed(std::string(300, 'x') + "page");
  const fetch_limits limits{.max_header_bytes = 200, .max_body_bytes = 400, .accept_compressed = true};
  const std::string long_line(300, 'x');
  for (const auto& bytes : {
           with_length("hello") + "rest",
           "HTTP/1.1 103 X\r\nLink: a\r\n\r\n" + chunked_head +
               "2;a\r\nhi\r\n3\r\nyou\r\n0\r\nX: y\r\n\r\nrest",
           "HTTP/1.1 200\nX:\n\ty\n\nuntil the end"s,
           ok_line + fmt::format("Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", page.size()) + page,
           chunked_head + "2\r\nhi\rx\r\n",
           chunked_head + "-2\r\nhi",
           // Lines that are longer than the header may be.
           chunked_head + "2;" + long_line + "\r\nhi\r\n0\r\n\r\n",
           chunked_head + "2\r\nhi" + long_line + "\r\n0\r\n\r\n",
           chunked_head + "2\r\nhi\r\n0\r\nX: " + long_line + "\r\n\r\n",
           ok_line + "X: " + long_line + "\r\n\r\n",
           ok_line + "X: " + long_line,
           "junk" + long_line + "\r\n\r\n",
           "junk" + long_line,
           "HTTP/1.1 junk" + long_line + "\r\n\r\n",
           // A body that is too long, and invalid behind that.
           with_length(std::string(500, 'x')),
           chunked_head + "1f4\r\n" + std::string(500, 'x') + "\r\nx\r\n",
           ok_line + "Content-Encoding: gzip\r\n\r\n" + test::compressed(std::string(500, 'x')) + "x",
           ok_line + "Content-Encoding: gzip\r\n\r\n" + page + "x",
       }) {
    parser_of_test test{limits};
    auto whole = test.parse(bytes);
    if (whole.state != parse_state::complete) whole.body = whole.rest = "";
    for (std::size_t size = 1; size < bytes.size(); ++size) {
      auto in_parts = test.parse(bytes, size);
      if (in_parts.state != parse_state::complete) in_parts.body = in_parts.rest = "";
      ASSERT_EQ(in_parts, whole) << bytes << "\nin parts of " << size;
    }
  }
}

TEST(response_parser, cut_response_is_incomplete) {
  for (const auto& bytes : {with_length("hello"), chunked_head + "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
                            "HTTP/1.1 204 X\r\n\r\n"s}) {
    ASSERT_EQ(parse(bytes).state, parse_state::complete) << bytes;
    for (std::size_t size = 0; size < bytes.size(); ++size)
      ASSERT_EQ(parse(bytes.substr(0, size)).state, parse_state::incomplete) << bytes.substr(0, size);
  }
}

TEST(response_parser, junk_ends_at_its_first_byte) {
  for (const std::string_view bytes : {"x", "\r", "\n", " HTTP", "http", "HTTP/2", "HTTPS"}) {
    parser_of_test test;
    test.begin();
    EXPECT_EQ(test.feed(bytes), parse_state::aborted) << bytes;
    EXPECT_EQ(test.parser.reason(), abort_reason::status_line) << bytes;
  }
}

TEST(response_parser, endless_line_is_headers_too_large) {
  for (const auto& begin :
       {""s, ok_line, ok_line + "X: ", chunked_head, chunked_head + "5;", chunked_head + "0\r\n"}) {
    parser_of_test test{{.max_header_bytes = 10'000}};
    test.begin();
    test.feed(begin);
    const std::string part = begin.empty() ? "HTTP/1." : "0";
    std::size_t size = 0;
    for (; size < 20'000 && test.feed(size == 0 ? part : "0") == parse_state::incomplete; ++size) {
    }
    EXPECT_EQ(test.parser.reason(), abort_reason::headers_too_large) << begin;
    EXPECT_LE(size, 10'000u) << begin;
  }
}

TEST(response_parser, body_limit_applies_to_decoded_bytes) {
  const fetch_limits limits{.max_body_bytes = 1'000, .accept_compressed = true};
  for (const std::size_t size : {1'000u, 1'001u}) {
    const std::string text(size, 'x');
    const auto body = test::compressed(text);
    for (const auto& bytes :
         {with_length(text), fmt::format("{}{:x}\r\n{}\r\n0\r\n\r\n", chunked_head, size, text),
          ok_line + "\r\n" + text,
          fmt::format("{}Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n{}", ok_line, body.size(),
                      body)}) {
      const auto result = parse(bytes, limits);
      EXPECT_EQ(result.state, size == 1'000 ? parse_state::complete : parse_state::aborted);
      EXPECT_EQ(result.reason, size == 1'000 ? abort_reason::none : abort_reason::body_too_large);
    }
  }
}

TEST(response_parser, compressed_body_is_decoded) {
  const fetch_limits limits{.accept_compressed = true};
  const auto body = test::compressed("a page");
  const auto head = ok_line + "Content-Encoding: gzip\r\n";
  EXPECT_EQ(parse(fmt::format("{}Content-Length: {}\r\n\r\n{}rest", head, body.size(), body), limits),
            complete_with("a page", "rest"));
  EXPECT_EQ(parse(head + "\r\n" + body, limits), complete_with("a page"));
  EXPECT_EQ(parse(head + "Content-Length: 0\r\n\r\n", limits), complete_with(""));
  EXPECT_EQ(parse(head + "\r\n" + body).reason, abort_reason::content_coding);
}

TEST(response_parser, cut_compressed_body_is_invalid) {
  const fetch_limits limits{.accept_compressed = true};
  const auto body = test::compressed("a page");
  const auto head = ok_line + "Content-Encoding: gzip\r\n";
  for (std::size_t size = 1; size < body.size(); ++size) {
    const auto cut = body.substr(0, size);
    EXPECT_EQ(parse(fmt::format("{}Content-Length: {}\r\n\r\n{}", head, size, cut), limits).state,
              parse_state::invalid_coding);
    EXPECT_EQ(
        parse(fmt::format("{}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n", head, size, cut),
              limits)
            .state,
        parse_state::invalid_coding);
    EXPECT_EQ(parse(head + "\r\n" + cut, limits).state, parse_state::invalid_coding);
    EXPECT_EQ(parse(fmt::format("{}Content-Length: {}\r\n\r\n{}", head, body.size(), cut), limits).state,
              parse_state::incomplete);
  }
  for (const char* const rest : {"x", "\r\n", "\x1F\x8B"})
    EXPECT_EQ(parse(head + "\r\n" + body + rest, limits).state, parse_state::invalid_coding) << rest;
}

TEST(response_parser, connection_is_kept_unless_closed) {
  struct kept_case {
    const char* version;
    const char* fields;
    bool closes;
  };
  for (const auto& [version, fields, closes] : {
           kept_case{"1.1", "", false},
           kept_case{"1.1", "Connection: close\r\n", true},
           kept_case{"1.1", "Connection: x, CLOSE\r\n", true},
           kept_case{"1.1", "Connection: keep-alive\r\n", false},
           kept_case{"1.1", "Connection: close, keep-alive\r\n", true},
           kept_case{"1.1", "Connection: close\r\nConnection: keep-alive\r\n", true},
           kept_case{"1.0", "", true},
           kept_case{"1.0", "Connection: Keep-Alive\r\n", false},
           kept_case{"1.0", "Connection: keep-alive, close\r\n", true},
       }) {
    parser_of_test test;
    EXPECT_EQ(test.parse(fmt::format("HTTP/{} 200 OK\r\n{}Content-Length: 0\r\n\r\n", version, fields)),
              complete_with(""));
    EXPECT_EQ(test.parser.reader().closes_connection(), closes) << version << ' ' << fields;
  }
}

TEST(response_parser, slow_body_is_aborted) {
  parser_of_test test{{.min_bytes_per_second = 100, .min_rate_grace = 1s}};
  for (const auto elapsed : {900ms, 1'100ms}) {
    test.begin();
    test.feed(ok_line + "\r\n");
    auto state = parse_state::incomplete;
    for (int i = 0; i < 8; ++i) state = test.feed("x", elapsed);
    EXPECT_EQ(state, elapsed < 1s ? parse_state::incomplete : parse_state::aborted);
  }
  EXPECT_EQ(test.parser.reason(), abort_reason::too_slow);
}

TEST(response_parser, exception_of_on_body_is_kept) {
  response_parser parser;
  cookie_jar cookies;
  const fetch_limits limits{.accept_compressed = true};
  const exchange_request::body_sink on_body = [](std::string_view) { throw std::runtime_error{"full"}; };
  for (const auto& bytes :
       {with_length("hello"), ok_line + "Content-Encoding: gzip\r\n\r\n" + test::compressed("hello")}) {
    parser.reader().begin(limits, cookies, on_body, {});
    parser.reader().begin_response(response_url, false);
    parser.begin({});
    std::string_view rest = bytes;
    EXPECT_EQ(parser.feed(rest, {}), parse_state::aborted);
    EXPECT_EQ(parser.reason(), abort_reason::exception);
    EXPECT_THROW(std::rethrow_exception(parser.take_exception()), std::runtime_error);
    EXPECT_FALSE(parser.take_exception());
  }
}

TEST(response_parser, parser_is_reusable_after_any_end) {
  const fetch_limits limits{.max_body_bytes = 100, .accept_compressed = true};
  parser_of_test test{limits};
  const auto page = test::compressed("page");
  for (const auto& bytes :
       {""s, "junk"s, "HTTP/1.1 2"s, ok_line + "X: y", chunked_head + "5;x", chunked_head + "5\r\nhel",
        chunked_head + "5\r\nhello\r", chunked_head + "0\r\nX", with_length(std::string(101, 'x')),
        with_length("hello").substr(0, 40), ok_line + "Content-Encoding: gzip\r\n\r\n" + page.substr(0, 12),
        ok_line + "Content-Encoding: gzip\r\n\r\njunk",
        "HTTP/1.1 302 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"s}) {
    test.parse(bytes);
    EXPECT_EQ(test.parse(with_length("hello") + "rest"), complete_with("hello", "rest")) << bytes;
  }
}

}  // namespace
}  // namespace farebench
