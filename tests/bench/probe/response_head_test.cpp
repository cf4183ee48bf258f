#include "bench/probe/response_head.hpp"

#include <gmock/gmock.h>

#include <string>

namespace farebench {
namespace {

const std::string start_page =
    "HTTP/1.1 200 OK\r\nSet-Cookie: theme=dark\r\nset-cookie:JSESSIONID=ab12; Path=/; HttpOnly\r\n"
    "CONTENT-LENGTH:  17 \r\n\r\n";

TEST(response_head, names_are_read_in_any_case) {
  // The head refers to this text.
  const std::string received = start_page + "<html>";
  const auto read = read_response_head(received);
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->bytes, start_page.size());
  EXPECT_EQ((*read)->status, 200);
  EXPECT_EQ((*read)->content_length, 17u);
  EXPECT_EQ((*read)->session, "ab12");
}

TEST(response_head, missing_blank_line_gives_no_head) {
  for (std::size_t size = 0; size < start_page.size(); ++size) {
    const auto read = read_response_head(start_page.substr(0, size));
    ASSERT_TRUE(read) << size;
    EXPECT_FALSE(*read) << size;
  }
}

TEST(response_head, other_cookies_give_no_session) {
  for (const std::string line : {"", "Set-Cookie: XJSESSIONID=1\r\n", "Set-Cookie: JSESSIONIDX=1\r\n",
                                 "Set-Cookie: JSESSIONID\r\n", "Cookie: JSESSIONID=1\r\n"}) {
    const std::string received = "HTTP/1.1 200 OK\r\n" + line + "Content-Length: 0\r\n\r\n";
    const auto read = read_response_head(received);
    ASSERT_TRUE(read && *read) << line;
    EXPECT_EQ((*read)->session, "") << line;
  }
}

TEST(response_head, unsupported_head_is_bad_response) {
  for (const char* text :
       {"SSH-2.0-OpenSSH_9.2", "HTTP/2 200\r\n\r\n", "HTTP/1.1 OK 200\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 20\r\nContent-Length: 1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"}) {
    const auto read = read_response_head(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().kind, fetch_error_kind::bad_response);
  }
}

}  // namespace
}  // namespace farebench
