#include "http/header_fields.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <string>
#include <utility>

namespace farebench {
namespace {

using namespace std::chrono;

header_field field_of(std::initializer_list<const char*> lines) {
  header_field field;
  for (const char* const line : lines)
    if (!field.extend(line)) field.begin(line);
  return field;
}

TEST(header_field, blanks_around_value_are_removed) {
  for (const char* const line : {"Set-Cookie: a=b\r\n", "set-cookie:\t a=b \r\n", "SET-COOKIE:a=b\n"}) {
    EXPECT_EQ(field_of({line}).name(), field_name::set_cookie) << line;
    EXPECT_EQ(field_of({line}).value(), "a=b") << line;
  }
  for (const char* const line : {"Set-Cookie:", "Set-Cookie: \r\n"}) {
    EXPECT_EQ(field_of({line}).name(), field_name::set_cookie) << line;
    EXPECT_EQ(field_of({line}).value(), "") << line;
  }
}

TEST(header_field, unknown_name_has_no_value) {
  for (const char* const line :
       {"", "\r\n", ":", "HTTP/1.1 200 OK\r\n", "Set-Cookie", "Set-Cookie a=b", "Set-Cookie : a=b",
        "Set-Cookie2: a=b", "X-Set-Cookie: a=b", "Set_Cookie: a=b"}) {
    EXPECT_EQ(field_of({line}).name(), field_name::other) << line;
    EXPECT_EQ(field_of({line}).value(), "") << line;
  }
}

TEST(header_field, continued_lines_are_joined_by_a_space) {
  const auto field = field_of({"Set-Cookie:\r\n", "\ta=b;\r\n", "  Path=/\t\r\n"});
  EXPECT_EQ(field.name(), field_name::set_cookie);
  EXPECT_EQ(field.value(), "a=b; Path=/");
  EXPECT_TRUE(field.is_ambiguous());
}

TEST(header_field, line_without_field_is_continued_by_nothing) {
  EXPECT_EQ(field_of({"HTTP/1.1 200 OK\r\n", " Set-Cookie: a=b\r\n"}).name(), field_name::other);
  EXPECT_EQ(field_of({"X: y\r\n", " Set-Cookie: a=b\r\n"}).value(), "");
  EXPECT_EQ(field_of({"Location: /a\r\n", "X: y\r\n", " /b\r\n"}).value(), "");
}

TEST(header_field, blank_line_leaves_value_unambiguous) {
  const auto field = field_of({"Content-Length: 5\r\n", " \t\r\n"});
  EXPECT_EQ(field.value(), "5");
  EXPECT_FALSE(field.is_ambiguous());
}

TEST(header_field, length_with_blank_before_colon_is_ambiguous) {
  for (const char* const line : {"Content-Length : 5\r\n", "Transfer-Encoding\t: chunked\r\n"}) {
    EXPECT_NE(field_of({line}).name(), field_name::other) << line;
    EXPECT_TRUE(field_of({line}).is_ambiguous()) << line;
  }
}

TEST(status_line, only_lines_of_http_1_are_valid) {
  for (const auto& [line, status] :
       std::initializer_list<std::pair<const char*, int>>{{"HTTP/1.1 200 OK\r\n", 200},
                                                          {"HTTP/1.0 404\n", 404},
                                                          {"HTTP/1.1 200 \r\n", 200},
                                                          {"HTTP/1.1\t 200  Very Good\r\n", 200},
                                                          {"HTTP/1.1 100", 100},
                                                          {"HTTP/1.1 999", 999}})
    EXPECT_EQ(parse_status_line(line), status) << line;
  for (const char* const line :
       {"", "HTTP/1.", "HTTP/1.1", "HTTP/1.1 \r\n", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 2x0 OK",
        "HTTP/1.1200 OK", "HTTP/1.11 200 OK", "HTTP/2 200", "HTTP/2.0 200", "http/1.1 200 OK",
        "HTTP/1.1: 200", "ICY 200 OK", "HTTP/1.9 200", "HTTP/1.1 099", "HTTP/1.1 -20", "HTTP/1.1 +20"})
    EXPECT_EQ(parse_status_line(line), 0) << line;
}

TEST(header_list, elements_are_compared_without_blanks_and_case) {
  EXPECT_TRUE(list_contains("keep-alive,\tClose ,x", "close"));
  EXPECT_FALSE(list_contains("closed, not close, close;q=1", "close"));
  EXPECT_FALSE(list_contains("", "close"));
}

TEST(content_coding, empty_and_identity_leave_body) {
  for (const char* const codings : {"", " ", ",", "identity", "Identity, ,IDENTITY"})
    EXPECT_TRUE(is_identity_coding(codings)) << codings;
  for (const char* const codings : {"gzip", "identity, gzip", "identity gzip", "none", "\"identity\""})
    EXPECT_FALSE(is_identity_coding(codings)) << codings;
}

TEST(content_coding, accepted_codings_are_known) {
  EXPECT_TRUE(is_known_content_coding("gzip, X-GZIP, deflate, br, zstd, identity,"));
  for (const char* const codings : {"compress", "gzip, x-unknown", "gzip;q=1", "chunked"})
    EXPECT_FALSE(is_known_content_coding(codings)) << codings;
  for (const char* const codings : {"gzip", "X-GZIP", ", identity,Gzip"})
    EXPECT_EQ(count_gzip_codings(codings), 1u) << codings;
  EXPECT_EQ(count_gzip_codings("gzip, x-gzip,gzip"), 3u);
  for (const char* const codings : {"", "identity", " , "})
    EXPECT_EQ(count_gzip_codings(codings), 0u) << codings;
  for (const char* const codings : {"gzip, br", "deflate", "gzip;q=1"})
    EXPECT_EQ(count_gzip_codings(codings), std::nullopt) << codings;
  for (const char* const codings : {"", "Chunked", "identity", "identity, ,chunked,"})
    EXPECT_TRUE(is_known_transfer_coding(codings)) << codings;
  for (const char* const codings :
       {"gzip, chunked", "xchunked", "chunked;x", "chunked, identity", "chunked, chunked"})
    EXPECT_FALSE(is_known_transfer_coding(codings)) << codings;
}

constexpr system_clock::time_point date_now{sys_days{1994y / November / 6} + 8h + 49min + 37s};

std::int32_t delay_of(const char* value) { return parse_retry_after(value, date_now).count(); }

TEST(retry_after, seconds_saturate) {
  EXPECT_EQ(delay_of("0"), 0);
  EXPECT_EQ(delay_of("007"), 7);
  EXPECT_EQ(delay_of("2147483647"), 2'147'483'647);
  for (const char* const value : {"2147483648", "9223372036854775808", "99999999999999999999999999999999"})
    EXPECT_EQ(delay_of(value), 2'147'483'647) << value;
}

TEST(retry_after, date_gives_delay) {
  // The three forms of RFC 9110, 5.6.7.
  EXPECT_EQ(delay_of("Sun, 06 Nov 1994 08:49:47 GMT"), 10);
  EXPECT_EQ(delay_of("Sunday, 06-Nov-94 08:49:47 GMT"), 10);
  EXPECT_EQ(delay_of("Sun Nov  6 08:49:47 1994"), 10);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:47 GMT", date_now - 1ms).count(), 11)
      << "not too early";
  EXPECT_EQ(delay_of("Sun, 06 Nov 1994 08:49:36 GMT"), 0) << "past";
  EXPECT_EQ(delay_of("Fri, 31 Dec 9999 23:59:59 GMT"), 2'147'483'647);
}

TEST(retry_after, invalid_value_is_none) {
  for (const char* const value : {"", "-1", "+1", "1.5", "1 2", "1s", "0x10", "1e9", "1,2", "soon",
                                  "Sun, 31 Nov 1994 08:49:47 GMT", "06 Nov 2094"})
    EXPECT_EQ(delay_of(value), 0) << value;
}

}  // namespace
}  // namespace farebench
