#include "farebench/site_protocol.hpp"

#include <gtest/gtest.h>

namespace farebench {
namespace {

constexpr std::string_view site = "http://www.example.org:8080";

TEST(session_of, is_what_goes_back_in_a_cookie_header) {
  EXPECT_EQ(session_of("JSESSIONID=1f.node0", site), "JSESSIONID=1f.node0");
  EXPECT_EQ(session_of("  JSESSIONID=a=b ; Path=/; HttpOnly", site), "JSESSIONID=a=b");
  EXPECT_EQ(session_of("JSESSIONID=\"quoted\";SameSite=Lax", site), "JSESSIONID=\"quoted\"");
}

TEST(session_of, is_nothing_where_no_session_begins) {
  for (const char* const other :
       {"", ";", "=", "JSESSIONID", "JSESSIONID=", "JSESSIONID= ; Max-Age=0", "jsessionid=1", "XJSESSIONID=1",
        "JSESSIONIDX=1", "a=JSESSIONID=1", "theme=dark; JSESSIONID=1", "JSESSIONID=1\r2", "JSESSIONID=\x01",
        "JSESSIONID=1\x7F"}) {
    EXPECT_EQ(session_of(other, site), std::nullopt) << other;
  }
}

TEST(session_of, is_for_the_domain_that_it_names_and_those_below) {
  for (const char* const domain :
       {"www.example.org", ".example.org", "example.org", "EXAMPLE.org", "org", "", "."}) {
    EXPECT_TRUE(session_of("JSESSIONID=1; Domain=" + std::string{domain}, site)) << domain;
  }
  for (const char* const domain :
       {"example.com", "other.example.org", "ample.org", "a.www.example.org", "8080"}) {
    EXPECT_FALSE(session_of("JSESSIONID=1; domain = " + std::string{domain}, site)) << domain;
  }
  // Digits above digits are no domain.
  EXPECT_TRUE(session_of("JSESSIONID=1; Domain=127.0.0.1", "http://127.0.0.1:80"));
  EXPECT_FALSE(session_of("JSESSIONID=1; Domain=0.0.1", "http://127.0.0.1:80"));
  EXPECT_FALSE(session_of("JSESSIONID=1; Domain=example.org", "http://127.0.0.1:80"));
  EXPECT_TRUE(session_of("JSESSIONID=1; Domain=[::1]", "http://[::1]:80"));
  EXPECT_FALSE(session_of("JSESSIONID=1; Domain=1]", "http://[::1]:80"));
}

TEST(session_of, is_for_the_path_that_it_names_and_what_lies_under_it) {
  for (const char* const path : {"/", "/m", "/m/", "", "m", "elsewhere"}) {
    EXPECT_TRUE(session_of("JSESSIONID=1; Path=" + std::string{path}, site)) << path;
  }
  for (const char* const path : {"/admin", "/m/admin", "/mm", "/m/?", "/M"}) {
    EXPECT_FALSE(session_of("JSESSIONID=1; PATH=" + std::string{path}, site)) << path;
  }
}

TEST(session_of, is_for_https_alone_when_it_says_so) {
  EXPECT_FALSE(session_of("JSESSIONID=1; Secure", site));
  EXPECT_FALSE(session_of("JSESSIONID=1; secure=no", site));
  EXPECT_TRUE(session_of("JSESSIONID=1; Secure; Path=/", "https://www.example.org"));
  EXPECT_TRUE(session_of("JSESSIONID=1; Secure", "HTTPS://www.example.org"));
}

TEST(session_of, goes_by_the_last_of_two_attributes_of_one_name) {
  EXPECT_TRUE(session_of("JSESSIONID=1; Path=/admin; Domain=x; Path=/; Domain=example.org", site));
  EXPECT_FALSE(session_of("JSESSIONID=1; Path=/; Domain=example.org; Domain=x", site));
}

}  // namespace
}  // namespace farebench
