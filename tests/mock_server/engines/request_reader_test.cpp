#include "mock_server/engines/request_reader.hpp"

#include <gtest/gtest.h>

#include "mock_server/engines/server_engine.hpp"

namespace farebench {
namespace {

const std::string search_head =
    "POST /m/?0-1.IFormSubmitListener-searchForm-form HTTP/1.1\r\nHost: x\r\nCookie: JSESSIONID=1\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\n";
const std::string search = search_head + "Content-Length: 7\r\n\r\nfrom=ID";

// Feeds it in pieces of that size, as a socket would; how many bytes it took.
std::size_t feed(request_reader& reader, const std::string& bytes, std::size_t piece_bytes) {
  std::string unread;
  std::size_t taken = 0;
  for (std::size_t at = 0; at < bytes.size() && !reader.is_read(); at += piece_bytes) {
    unread += bytes.substr(at, piece_bytes);
    const std::size_t count = reader.consume(unread);
    unread.erase(0, count);
    taken += count;
  }
  return taken;
}

TEST(request_reader, reads_a_request_in_pieces_of_any_size) {
  for (std::size_t piece = 1; piece <= search.size(); ++piece) {
    request_reader reader;
    EXPECT_EQ(feed(reader, search, piece), search.size());
    ASSERT_TRUE(reader.is_read()) << piece;
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

TEST(request_reader, takes_no_byte_of_the_next_request) {
  request_reader reader;
  EXPECT_EQ(feed(reader, search + "GET /m/ HTTP/1.1\r\n\r\n", 10'000), search.size());
}

TEST(request_reader, joins_a_chunked_body) {
  for (const std::size_t piece : {1u, 7u, 10'000u}) {
    request_reader reader;
    feed(reader, search_head + "Transfer-Encoding: chunked\r\n\r\n4\r\nfrom\r\n3\r\n=ID\r\n0\r\n\r\n", piece);
    ASSERT_TRUE(reader.is_read());
    EXPECT_EQ(reader.refusal(), 0);
    EXPECT_EQ(reader.request().body, "from=ID");
  }
}

TEST(request_reader, drops_a_body_that_is_no_form) {
  request_reader reader;
  feed(reader, "PUT /m/ HTTP/1.1\r\nContent-Length: 20000\r\n\r\n" + std::string(20'000, 'x'), 1'000);
  EXPECT_TRUE(reader.is_read());
  EXPECT_EQ(reader.refusal(), 0);
  EXPECT_TRUE(reader.keeps_connection());
  EXPECT_EQ(reader.request().body, "");
}

TEST(request_reader, says_when_the_client_waits_to_continue) {
  request_reader reader;
  reader.consume(search_head + "Expect: 100-continue\r\nContent-Length: 7\r\n\r\n");
  EXPECT_TRUE(reader.waits_to_continue());
  EXPECT_FALSE(reader.is_read());
  reader.consume("from=ID");
  EXPECT_TRUE(reader.is_read());
  EXPECT_FALSE(reader.waits_to_continue());
}

TEST(request_reader, says_when_the_connection_is_to_end) {
  for (const auto& [text, keeps] : std::initializer_list<std::pair<std::string, bool>>{
           {"GET /m/ HTTP/1.1\r\n\r\n", true},
           {"GET /m/ HTTP/1.1\r\nConnection: close\r\n\r\n", false},
           {"GET /m/ HTTP/1.0\r\n\r\n", false},
           {"GET /m/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true}}) {
    request_reader reader;
    reader.consume(text);
    ASSERT_TRUE(reader.is_read());
    EXPECT_EQ(reader.keeps_connection(), keeps) << text;
  }
}

TEST(request_reader, refuses_what_it_cannot_read_or_what_is_too_long) {
  const std::string long_text(request_limits::request_bytes, 'x');
  const std::pair<std::string, int> cases[] = {
      {"hello\r\n\r\n", 400},
      {"BREW /m/ HTTP/1.1\r\n\r\n", 400},
      {"GET /m/ HTTP/2.0\r\n\r\n", 400},
      {"GET /m/ HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400},
      {"GET /m/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"GET /m/ HTTP/1.1\r\nX: " + std::string(9'000, 'x') + "\r\n\r\n", 400},
      {"GET /m/ HTTP/1.1\r\nX: " + long_text, 400},
      {search_head + "Content-Length: 9000\r\n\r\n" + std::string(9'000, 'x'), 413},
      {search_head + "Content-Length: 18446744073709551615\r\n\r\n" + long_text, 413},
      {search_head + "Transfer-Encoding: chunked\r\n\r\n100000\r\n" + long_text, 413},
      {"GET /" + std::string(9'000, 'x') + " HTTP/1.1\r\n\r\n", 414},
      {"GET /" + long_text, 414},
  };
  for (const auto& [text, status] : cases) {
    for (const std::size_t piece : {997u, 100'000u}) {
      request_reader reader;
      EXPECT_LE(feed(reader, text, piece), request_limits::request_bytes);
      EXPECT_TRUE(reader.is_read()) << text.substr(0, 80);
      EXPECT_EQ(reader.refusal(), status) << text.substr(0, 80);
      EXPECT_FALSE(reader.keeps_connection());
    }
  }
}

TEST(request_reader, bounds_a_head_of_many_short_lines) {
  std::string text = "GET /m/ HTTP/1.1\r\n";
  for (int i = 0; i < 10'000; ++i) text += "X: y1234\r\n";
  for (const std::size_t piece : {10u, 1'000u, 200'000u}) {
    request_reader reader;
    EXPECT_LE(feed(reader, text + "\r\n", piece), request_limits::request_bytes);
    EXPECT_EQ(reader.refusal(), 400);
  }
}

TEST(request_reader, answers_without_the_rest_of_a_body_that_it_drops_but_does_not_go_on) {
  request_reader reader;
  feed(reader, "PUT /m/ HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + std::string(70'000, 'x'), 4'096);
  EXPECT_TRUE(reader.is_read());
  EXPECT_EQ(reader.refusal(), 0);
  EXPECT_FALSE(reader.keeps_connection());
}

}  // namespace
}  // namespace farebench
