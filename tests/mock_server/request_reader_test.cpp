#include "mock_server/engines/request_reader.hpp"

#include <gtest/gtest.h>

#include "mock_server/engines/server_engine.hpp"

namespace farebench {
namespace {

const std::string search_lines =
    "POST /m/?0-1.IFormSubmitListener-searchForm-form HTTP/1.1\r\nHost: x\r\nCookie: JSESSIONID=1\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\n";
const std::string sample_search = search_lines + "Content-Length: 7\r\n\r\nfrom=ID";

/// Feeds chunks of that size, as a socket would. Returns the number of consumed bytes.
std::size_t feed(request_reader& reader, const std::string& bytes, std::size_t chunk_bytes) {
  std::string unread;
  std::size_t consumed = 0;
  for (std::size_t at = 0; at < bytes.size() && !reader.is_read(); at += chunk_bytes) {
    unread += bytes.substr(at, chunk_bytes);
    const std::size_t count = reader.consume(unread);
    unread.erase(0, count);
    consumed += count;
  }
  return consumed;
}

TEST(request_reader, chunks_of_any_size_give_the_request) {
  for (std::size_t chunk_bytes = 1; chunk_bytes <= sample_search.size(); ++chunk_bytes) {
    request_reader reader;
    EXPECT_EQ(feed(reader, sample_search, chunk_bytes), sample_search.size());
    ASSERT_TRUE(reader.is_read()) << chunk_bytes;
    EXPECT_EQ(reader.refusal(), 0);
    EXPECT_TRUE(reader.keeps_connection());
    const site_request read = reader.request();
    EXPECT_EQ(read.method, "POST");
    EXPECT_EQ(read.target, "/m/?0-1.IFormSubmitListener-searchForm-form");
    EXPECT_EQ(read.cookie, "JSESSIONID=1");
    EXPECT_EQ(read.content_type, "application/x-www-form-urlencoded");
    EXPECT_EQ(read.body, "from=ID");
  }
}

TEST(request_reader, bytes_of_the_next_request_are_not_consumed) {
  request_reader reader;
  EXPECT_EQ(feed(reader, sample_search + "GET /m/ HTTP/1.1\r\nHost: x\r\n\r\n", 10'000),
            sample_search.size());
}

TEST(request_reader, chunked_body_is_joined) {
  for (const std::size_t chunk_bytes : {1u, 7u, 10'000u}) {
    request_reader reader;
    feed(reader, search_lines + "Transfer-Encoding: chunked\r\n\r\n4\r\nfrom\r\n3\r\n=ID\r\n0\r\n\r\n",
         chunk_bytes);
    ASSERT_TRUE(reader.is_read());
    EXPECT_EQ(reader.refusal(), 0);
    EXPECT_EQ(reader.request().body, "from=ID");
  }
}

TEST(request_reader, body_other_than_a_form_is_dropped) {
  request_reader reader;
  feed(reader, "PUT /m/ HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n" + std::string(20'000, 'x'),
       1'000);
  EXPECT_TRUE(reader.is_read());
  EXPECT_EQ(reader.refusal(), 0);
  EXPECT_TRUE(reader.keeps_connection());
  EXPECT_EQ(reader.request().body, "");
}

TEST(request_reader, expect_header_waits_to_continue) {
  request_reader reader;
  reader.consume(search_lines + "Expect: 100-continue\r\nContent-Length: 7\r\n\r\n");
  EXPECT_TRUE(reader.waits_to_continue());
  EXPECT_FALSE(reader.is_read());
  reader.consume("from=ID");
  EXPECT_TRUE(reader.is_read());
  EXPECT_FALSE(reader.waits_to_continue());
}

TEST(request_reader, version_and_header_decide_keep_alive) {
  for (const auto& [text, keeps] : std::initializer_list<std::pair<std::string, bool>>{
           {"GET /m/ HTTP/1.1\r\nHost: x\r\n\r\n", true},
           {"GET /m/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", false},
           {"GET /m/ HTTP/1.0\r\n\r\n", false},
           {"GET /m/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true}}) {
    request_reader reader;
    reader.consume(text);
    ASSERT_TRUE(reader.is_read());
    EXPECT_EQ(reader.keeps_connection(), keeps) << text;
  }
}

TEST(request_reader, invalid_or_too_long_request_is_refused) {
  const std::string long_text(request_limits::request_bytes, 'x');
  const std::pair<std::string, int> cases[] = {
      {"hello\r\n\r\n", 400},
      {"BREW /m/ HTTP/1.1\r\nHost: x\r\n\r\n", 501},
      {"GET /m/ HTTP/2.0\r\nHost: x\r\n\r\n", 505},
      {"GET /m/ FTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET /m/ HTTP/1.1\r\nX: y\r\n\r\n", 400},
      {"GET /m/ HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n", 400},
      {"GET /m/ HTTP/1.0\r\nHost: x\r\nhost: x\r\n\r\n", 400},
      {"GET /m/ HTTP/1.1\r\nHost : x\r\n\r\n", 400},
      {"GET /m/ HTTP/1.1\r\nHost: x\r\nX: y\r\n z\r\n\r\n", 400},
      {"GET /m/ HTTP/1.1\r\nHost: x\r\nX: y\r\n\tz\r\n\r\n", 400},
      {"GET /m/ HTTP/1.1\r\n Host: x\r\n\r\n", 400},
      {"GET /m/ HTTP/1.1\nHost: x\n\n", 400},
      {search_lines + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {search_lines + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
      {search_lines + "Transfer-Encoding: gzip\r\n\r\n", 400},
      {"POST /m/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"GET /m/ HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400},
      {"GET /m/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"GET /m/ HTTP/1.1\r\nHost: x\r\nX: " + std::string(9'000, 'x') + "\r\n\r\n", 431},
      {"GET /m/ HTTP/1.1\r\nHost: x\r\nX: " + long_text, 431},
      {search_lines + "Content-Length: 9000\r\n\r\n" + std::string(9'000, 'x'), 413},
      {search_lines + "Content-Length: 18446744073709551615\r\n\r\n" + long_text, 413},
      {search_lines + "Transfer-Encoding: chunked\r\n\r\n100000\r\n" + long_text, 413},
      {"GET /" + std::string(9'000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
      {"GET /" + long_text, 414},
  };
  for (const auto& [text, status] : cases) {
    for (const std::size_t chunk_bytes : {997u, 100'000u}) {
      request_reader reader;
      EXPECT_LE(feed(reader, text, chunk_bytes), request_limits::request_bytes);
      EXPECT_TRUE(reader.is_read()) << text.substr(0, 80);
      EXPECT_EQ(reader.refusal(), status) << text.substr(0, 80);
      EXPECT_FALSE(reader.keeps_connection());
    }
  }
}

TEST(request_reader, blank_lines_before_the_request_are_skipped) {
  for (const std::size_t chunk_bytes : {1u, 3u, 10'000u}) {
    request_reader reader;
    const std::string blank = "\r\n\r\n";
    EXPECT_EQ(feed(reader, blank + sample_search, chunk_bytes), blank.size() + sample_search.size());
    EXPECT_EQ(reader.refusal(), 0);
    EXPECT_EQ(reader.request().body, "from=ID");
  }
  request_reader reader;
  EXPECT_EQ(reader.consume("\r\n\r"), 2u);
  EXPECT_FALSE(reader.has_begun());
  EXPECT_FALSE(reader.is_read());
}

TEST(request_reader, absolute_target_is_read_in_origin_form) {
  for (const auto& [target, origin] : {std::pair{"http://x/m/", "/m/"},
                                       {"HTTPS://x:443/m/?a", "/m/?a"},
                                       {"http://x", "/"},
                                       {"/http://x/m/", "/http://x/m/"},
                                       {"*", "*"}}) {
    request_reader reader;
    feed(reader, std::string{"OPTIONS "} + target + " HTTP/1.1\r\nHost: x\r\n\r\n", 10'000);
    EXPECT_EQ(reader.request().target, origin);
  }
}

TEST(request_reader, many_short_header_lines_are_refused) {
  std::string text = "GET /m/ HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 10'000; ++i) text += "X: y1234\r\n";
  for (const std::size_t chunk_bytes : {10u, 1'000u, 200'000u}) {
    request_reader reader;
    EXPECT_LE(feed(reader, text + "\r\n", chunk_bytes), request_limits::request_bytes);
    EXPECT_EQ(reader.refusal(), 431);
  }
}

TEST(request_reader, truncated_body_is_served_then_closes) {
  request_reader reader;
  feed(reader, "PUT /m/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + std::string(70'000, 'x'),
       4'096);
  EXPECT_TRUE(reader.is_read());
  EXPECT_EQ(reader.refusal(), 0);
  EXPECT_FALSE(reader.keeps_connection());
}

}  // namespace
}  // namespace farebench
