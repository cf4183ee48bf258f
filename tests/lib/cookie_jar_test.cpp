#include "farebench/cookie_jar.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>

#include "http/cookie_date.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view page_url = "http://www.example.org:8080/m/";
constexpr cookie_jar::clock::time_point store_time = std::chrono::sys_days{2026y / 3 / 1};

cookie_jar jar_of(std::initializer_list<std::string> set_cookies, std::string_view url = page_url) {
  cookie_jar jar;
  for (const auto& set_cookie : set_cookies) jar.store(set_cookie, url, store_time);
  return jar;
}

std::string header_of(std::initializer_list<std::string> set_cookies, std::string_view url = page_url) {
  return jar_of(set_cookies).header_for(url, store_time);
}

TEST(cookie_jar, cookie_gives_its_pair) {
  EXPECT_EQ(header_of({"JSESSIONID=1f.node0"}), "JSESSIONID=1f.node0");
  EXPECT_EQ(header_of({"  JSESSIONID=a=b ; Path=/; HttpOnly"}), "JSESSIONID=a=b");
  EXPECT_EQ(header_of({"JSESSIONID=\"quoted\";SameSite=Lax"}), "JSESSIONID=\"quoted\"");
  EXPECT_EQ(header_of({"empty="}), "empty=");
  EXPECT_EQ(header_of({"a = b\t; c"}), "a=b");
}

TEST(cookie_jar, cookie_without_name_is_ignored) {
  for (const char* const text : {"", ";", "=", "=1", "JSESSIONID", ";a=1", "   ", "JSESSIONID; a=1"})
    EXPECT_TRUE(jar_of({text}).empty()) << text;
}

TEST(cookie_jar, control_character_refuses_cookie) {
  for (const char* const text : {"a=1\r2", "a=\x01", "a=1\x7F", "\x1F=1", "a=1; Path=/\n"})
    EXPECT_TRUE(jar_of({text}).empty()) << text;
  EXPECT_TRUE(jar_of({std::string{"a=1\0b", 5}}).empty());
  EXPECT_EQ(header_of({"a=1\t2; Path=/\t"}), "a=1\t2");
}

TEST(cookie_jar, refused_cookie_changes_nothing) {
  EXPECT_EQ(header_of({"a=1", "a=2; Domain=example.com", "a=\x01", "a"}), "a=1");
}

TEST(cookie_jar, domain_must_match_host_or_parent) {
  for (const char* const domain :
       {"www.example.org", ".example.org", "example.org", "EXAMPLE.org", "org", "", "."}) {
    EXPECT_EQ(header_of({std::string{"a=1; Domain="} + domain}), "a=1") << domain;
  }
  for (const char* const domain :
       {"example.com", "other.example.org", "ample.org", "a.www.example.org", "8080", "..example.org"}) {
    EXPECT_TRUE(jar_of({std::string{"a=1; domain = "} + domain}).empty()) << domain;
  }
}

TEST(cookie_jar, ip_address_has_no_parent_domain) {
  const auto is_stored = [](const char* domain, const char* url) {
    return !jar_of({std::string{"a=1; Domain="} + domain}, url).empty();
  };
  EXPECT_TRUE(is_stored("127.0.0.1", "http://127.0.0.1:80"));
  EXPECT_FALSE(is_stored("0.0.1", "http://127.0.0.1:80"));
  EXPECT_FALSE(is_stored("example.org", "http://127.0.0.1:80"));
  EXPECT_TRUE(is_stored("[::1]", "http://[::1]:80"));
  EXPECT_FALSE(is_stored("1]", "http://[::1]:80"));
}

TEST(cookie_jar, only_domain_attribute_includes_subdomains) {
  EXPECT_EQ(header_of({"a=1"}, "http://WWW.EXAMPLE.ORG/m/"), "a=1");
  EXPECT_EQ(header_of({"a=1"}, "http://x.www.example.org/m/"), "");
  EXPECT_EQ(header_of({"a=1"}, "http://example.org/m/"), "");
  EXPECT_EQ(header_of({"a=1; Domain=example.org"}, "http://example.org/m/"), "a=1");
  EXPECT_EQ(header_of({"a=1; Domain=example.org"}, "http://other.example.org/m/"), "a=1");
  EXPECT_EQ(header_of({"a=1; Domain=example.org"}, "http://badexample.org/m/"), "");
}

TEST(cookie_jar, path_must_be_prefix_of_request_path) {
  for (const char* const path : {"/", "/m", "/m/", "", "m", "elsewhere"})
    EXPECT_EQ(header_of({std::string{"a=1; Path="} + path}), "a=1") << path;
  for (const char* const path : {"/admin", "/m/admin", "/mm", "/m/?", "/M"})
    EXPECT_EQ(header_of({std::string{"a=1; PATH="} + path}), "") << path;
  EXPECT_EQ(header_of({"a=1; Path=/m"}, "http://www.example.org/mm"), "");
  EXPECT_EQ(header_of({"a=1; Path=/m"}, "http://www.example.org/m?/x"), "a=1");
  EXPECT_EQ(header_of({"a=1; Path=/"}, "http://www.example.org"), "a=1");
}

TEST(cookie_jar, default_path_ends_before_last_slash) {
  const auto is_sent = [](const char* set_at, const char* sent_to) {
    const std::string host = "http://www.example.org";
    return !jar_of({"a=1"}, host + set_at).header_for(host + sent_to, store_time).empty();
  };
  EXPECT_TRUE(is_sent("/m/start", "/m"));
  EXPECT_FALSE(is_sent("/m/start", "/results"));
  EXPECT_FALSE(is_sent("/m/n/start?/x", "/m/x"));
  EXPECT_TRUE(is_sent("/m", "/results"));
  EXPECT_TRUE(is_sent("", "/results"));
  EXPECT_TRUE(is_sent("?/a/b", "/results"));
}

TEST(cookie_jar, secure_cookie_requires_https) {
  EXPECT_EQ(header_of({"a=1; Secure"}), "");
  EXPECT_EQ(header_of({"a=1; secure=no"}), "");
  EXPECT_EQ(header_of({"a=1; Secure"}, "HTTPS://www.example.org/m/"), "a=1");
}

TEST(cookie_jar, last_of_repeated_attributes_counts) {
  EXPECT_EQ(header_of({"a=1; Path=/admin; Domain=x; Path=/; Domain=example.org"}), "a=1");
  EXPECT_TRUE(jar_of({"a=1; Path=/; Domain=example.org; Domain=x"}).empty());
  EXPECT_EQ(header_of({"a=1; Max-Age=0; Max-Age=9"}), "a=1");
  // RFC 6265, 5.2.2 and 5.2.3: invalid values are ignored.
  EXPECT_EQ(header_of({"a=1; Max-Age=9; Max-Age=x"}), "a=1");
  EXPECT_TRUE(jar_of({"a=1; Domain=x; Domain="}).empty());
}

TEST(cookie_jar, cookie_expires_by_max_age) {
  const auto jar = jar_of({"a=1; Max-Age=60"});
  EXPECT_EQ(jar.header_for(page_url, store_time + 59s), "a=1");
  EXPECT_EQ(jar.header_for(page_url, store_time + 60s), "");
  for (const char* const value : {"0", "-1", "-99999999999999999999", "00"})
    EXPECT_TRUE(jar_of({std::string{"a=1; Max-Age="} + value}).empty()) << value;
  for (const char* const value :
       {"99999999999999999999", "9223372036854775807", "", "+0", "1s", "x", "0.0"}) {
    EXPECT_EQ(jar_of({std::string{"a=1; Max-Age="} + value}).header_for(page_url, store_time + 24h), "a=1")
        << value;
  }
}

TEST(cookie_jar, max_age_precedes_expires) {
  EXPECT_EQ(header_of({"a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:01 GMT"}), "a=1");
  EXPECT_TRUE(jar_of({"a=1; Expires=Fri, 01 Jan 2100 00:00:01 GMT; Max-Age=0"}).empty());
  EXPECT_TRUE(jar_of({"a=1; Expires=Sun, 01 Mar 2026 00:00:00 GMT"}).empty());
  EXPECT_EQ(header_of({"a=1; Expires=Sun, 01 Mar 2026 00:00:01 GMT"}), "a=1");
  EXPECT_EQ(header_of({"a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT"}), "a=1");
  EXPECT_EQ(header_of({"a=1; Expires=yesterday"}), "a=1");
}

TEST(cookie_jar, expired_cookie_deletes_only_its_own) {
  EXPECT_EQ(header_of({"a=1; Path=/m", "a=x; Path=/; Max-Age=0"}), "a=1");
  EXPECT_EQ(header_of({"a=1; Path=/m", "a=x; Path=/m; Domain=example.org; Max-Age=0"}), "a=1");
  EXPECT_EQ(header_of({"a=1; Path=/m", "b=x; Path=/m; Max-Age=0"}), "a=1");
  EXPECT_EQ(header_of({"a=1; Path=/m", "A=x; Path=/m; Max-Age=0"}), "a=1");
  EXPECT_TRUE(jar_of({"a=1; Path=/m", "a=x; Path=/m; Max-Age=0"}).empty());
  EXPECT_TRUE(jar_of({"a=1; Domain=Example.org", "a=; Domain=.example.ORG; Max-Age=0"}).empty());
}

TEST(cookie_jar, longest_path_is_first_then_oldest) {
  EXPECT_EQ(header_of({"a=1; Path=/", "b=2; Path=/m", "c=3; Path=/", "d=4; Path=/m/", "a=5; Path=/m"}),
            "d=4; b=2; a=5; a=1; c=3");
}

TEST(cookie_jar, replacement_keeps_its_place) {
  EXPECT_EQ(header_of({"a=1", "b=2", "c=3", "b=longer", "a="}), "a=; b=longer; c=3");
  EXPECT_EQ(header_of({"a=1", "b=2", "a=; Max-Age=0", "a=3"}), "b=2; a=3");
}

TEST(cookie_jar, expired_cookie_leaves_jar) {
  auto jar = jar_of({"a=1; Max-Age=60", "b=2"});
  jar.store("a=3", page_url, store_time + 60s);
  EXPECT_EQ(jar.header_for(page_url, store_time + 60s), "b=2; a=3");
}

TEST(cookie_jar, sizes_are_limited) {
  const std::string long_value(4'095, 'x');
  EXPECT_EQ(header_of({"a=" + long_value}), "a=" + long_value);
  EXPECT_TRUE(jar_of({"aa=" + long_value}).empty());
  // A longer attribute is skipped.
  EXPECT_EQ(header_of({"a=1; Path=/m; Path=/" + std::string(1'023, 'x')}), "");
  EXPECT_EQ(header_of({"a=1; Path=/m; Path=/" + std::string(1'024, 'x')}), "a=1");
}

TEST(cookie_jar, number_of_cookies_is_limited) {
  cookie_jar jar;
  std::string last;
  for (std::size_t i = 0; i < cookie_jar::max_cookies + 10; ++i) {
    if (i >= 10) last += fmt::format("{}n{}={}", last.empty() ? "" : "; ", i, i);
    jar.store(fmt::format("n{}={}", i, i), page_url, store_time);
  }
  EXPECT_EQ(jar.header_for(page_url, store_time), last);
}

TEST(cookie_jar, find_returns_first_value_of_header) {
  const auto jar = jar_of({"a=1; Path=/", "a=2; Path=/m", "b=3; Secure", "c="});
  EXPECT_EQ(jar.find("a", page_url, store_time), "2");
  EXPECT_EQ(jar.find("a", "http://www.example.org/", store_time), "1");
  for (const char* const name : {"A", "b", "c", ""})
    EXPECT_EQ(jar.find(name, page_url, store_time), "") << name;
}

TEST(cookie_jar, url_of_other_scheme_has_no_cookies) {
  for (const char* const url : {"ftp://www.example.org/m/", "www.example.org/m/", "/m/", "", "http:///m/"}) {
    EXPECT_TRUE(jar_of({"a=1"}, url).empty()) << url;
    EXPECT_EQ(header_of({"a=1"}, url), "") << url;
  }
}

TEST(cookie_date, tolerant_formats_are_parsed) {
  const auto expected = std::chrono::sys_days{1994y / 11 / 6} + 8h + 49min + 37s;
  for (const char* const text :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "06 Nov 1994 08:49:37", "08:49:37 6 november 94", "1994 Nov 6th 8:49:37 +0200",
        "Nov/6/1994;8:49:37.123", "6nov Nov 1994 8:49:37"}) {
    EXPECT_EQ(parse_cookie_date(text), expected) << text;
  }
}

TEST(cookie_date, two_digit_years_have_a_century) {
  const auto year_of = [](const char* year) {
    const auto date = parse_cookie_date(fmt::format("01 Jan {} 00:00:00", year));
    return date ? static_cast<int>(
                      std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(*date)}.year())
                : 0;
  };
  EXPECT_EQ(year_of("70"), 1970);
  EXPECT_EQ(year_of("99"), 1999);
  EXPECT_EQ(year_of("00"), 2000);
  EXPECT_EQ(year_of("69"), 2069);
  EXPECT_EQ(year_of("100"), 0);
  EXPECT_EQ(year_of("1600"), 0);
  EXPECT_EQ(year_of("1601"), 1601);
  EXPECT_EQ(year_of("19700"), 0);
}

TEST(cookie_date, incomplete_or_nonexistent_date_gives_nullopt) {
  for (const char* const text :
       {"", "yesterday", "06 Nov 1994", "Nov 1994 08:49:37", "06 1994 08:49:37", "06 Nov 08:49:37",
        "06 Nov 1994 08:49", "06 Nov 1994 24:00:00", "06 Nov 1994 08:60:37", "06 Nov 1994 08:49:60",
        "31 Feb 1994 08:49:37", "00 Nov 1994 08:49:37", "32 Nov 1994 08:49:37", "06 Nov 1994 008:49:37",
        "06 No 1994 08:49:37", "1994-11-06T08:49:37Z"}) {
    EXPECT_EQ(parse_cookie_date(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace farebench
