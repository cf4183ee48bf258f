#include "farebench/site_protocol.hpp"

#include <gtest/gtest.h>

namespace farebench {
namespace {

constexpr std::string_view site = "http://www.example.org:8080";

TEST(session_from_set_cookie, returns_the_pair_for_the_cookie_header) {
  EXPECT_EQ(session_from_set_cookie("JSESSIONID=1f.node0", site), "JSESSIONID=1f.node0");
  EXPECT_EQ(session_from_set_cookie("  JSESSIONID=a=b ; Path=/; HttpOnly", site), "JSESSIONID=a=b");
  EXPECT_EQ(session_from_set_cookie("JSESSIONID=\"quoted\";SameSite=Lax", site), "JSESSIONID=\"quoted\"");
}

TEST(session_from_set_cookie, other_or_invalid_cookie_gives_nullopt) {
  for (const char* const other :
       {"", ";", "=", "JSESSIONID", "JSESSIONID=", "JSESSIONID= ; Max-Age=0", "jsessionid=1", "XJSESSIONID=1",
        "JSESSIONIDX=1", "a=JSESSIONID=1", "theme=dark; JSESSIONID=1", "JSESSIONID=1\r2", "JSESSIONID=\x01",
        "JSESSIONID=1\x7F"}) {
    EXPECT_EQ(session_from_set_cookie(other, site), std::nullopt) << other;
  }
}

TEST(session_from_set_cookie, domain_must_match_the_host_or_a_parent) {
  for (const char* const domain :
       {"www.example.org", ".example.org", "example.org", "EXAMPLE.org", "org", "", "."}) {
    EXPECT_TRUE(session_from_set_cookie("JSESSIONID=1; Domain=" + std::string{domain}, site)) << domain;
  }
  for (const char* const domain :
       {"example.com", "other.example.org", "ample.org", "a.www.example.org", "8080"}) {
    EXPECT_FALSE(session_from_set_cookie("JSESSIONID=1; domain = " + std::string{domain}, site)) << domain;
  }
  // An IP address has no parent domain.
  EXPECT_TRUE(session_from_set_cookie("JSESSIONID=1; Domain=127.0.0.1", "http://127.0.0.1:80"));
  EXPECT_FALSE(session_from_set_cookie("JSESSIONID=1; Domain=0.0.1", "http://127.0.0.1:80"));
  EXPECT_FALSE(session_from_set_cookie("JSESSIONID=1; Domain=example.org", "http://127.0.0.1:80"));
  EXPECT_TRUE(session_from_set_cookie("JSESSIONID=1; Domain=[::1]", "http://[::1]:80"));
  EXPECT_FALSE(session_from_set_cookie("JSESSIONID=1; Domain=1]", "http://[::1]:80"));
}

TEST(session_from_set_cookie, path_must_be_a_prefix_of_the_search_path) {
  for (const char* const path : {"/", "/m", "/m/", "", "m", "elsewhere"}) {
    EXPECT_TRUE(session_from_set_cookie("JSESSIONID=1; Path=" + std::string{path}, site)) << path;
  }
  for (const char* const path : {"/admin", "/m/admin", "/mm", "/m/?", "/M"}) {
    EXPECT_FALSE(session_from_set_cookie("JSESSIONID=1; PATH=" + std::string{path}, site)) << path;
  }
}

TEST(session_from_set_cookie, secure_requires_https) {
  EXPECT_FALSE(session_from_set_cookie("JSESSIONID=1; Secure", site));
  EXPECT_FALSE(session_from_set_cookie("JSESSIONID=1; secure=no", site));
  EXPECT_TRUE(session_from_set_cookie("JSESSIONID=1; Secure; Path=/", "https://www.example.org"));
  EXPECT_TRUE(session_from_set_cookie("JSESSIONID=1; Secure", "HTTPS://www.example.org"));
}

TEST(session_from_set_cookie, last_of_repeated_attributes_counts) {
  EXPECT_TRUE(
      session_from_set_cookie("JSESSIONID=1; Path=/admin; Domain=x; Path=/; Domain=example.org", site));
  EXPECT_FALSE(session_from_set_cookie("JSESSIONID=1; Path=/; Domain=example.org; Domain=x", site));
}

}  // namespace
}  // namespace farebench
