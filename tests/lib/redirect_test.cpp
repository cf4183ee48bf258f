#include "http/redirect.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "http/url.hpp"

namespace farebench {
namespace {

TEST(resolve_url, examples_of_rfc_3986_are_resolved) {
  // Sections 5.4.1 and 5.4.2.
  const std::pair<const char*, const char*> examples[] = {
      {"g:h", "g:h"},
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q#s"},
      {"g#s", "http://a/b/c/g#s"},
      {"g?y#s", "http://a/b/c/g?y#s"},
      {";x", "http://a/b/c/;x"},
      {"g;x", "http://a/b/c/g;x"},
      {"g;x?y#s", "http://a/b/c/g;x?y#s"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"../../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {".g", "http://a/b/c/.g"},
      {"g..", "http://a/b/c/g.."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/./x", "http://a/b/c/g?y/./x"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
      {"g#s/./x", "http://a/b/c/g#s/./x"},
      {"g#s/../x", "http://a/b/c/g#s/../x"},
      {"http:g", "http:g"},
  };
  for (const auto& [reference, url] : examples)
    EXPECT_EQ(resolve_url("http://a/b/c/d;p?q", reference), url) << reference;
}

TEST(resolve_url, query_alone_keeps_slash_of_path) {
  EXPECT_EQ(resolve_url("http://a/m/", "./?1"), "http://a/m/?1");
  EXPECT_EQ(resolve_url("http://a/m/", "?1"), "http://a/m/?1");
  EXPECT_EQ(resolve_url("http://a/m/?0-1.form", ".?1"), "http://a/m/?1");
  EXPECT_EQ(resolve_url("http://a/m/", "../m/./?1"), "http://a/m/?1");
  EXPECT_EQ(resolve_url("http://a/m/", "?"), "http://a/m/?");
}

TEST(resolve_url, url_without_path_is_resolved) {
  EXPECT_EQ(resolve_url("http://a", "g"), "http://a/g");
  EXPECT_EQ(resolve_url("http://a?q/x", "g"), "http://a/g");
  EXPECT_EQ(resolve_url("http://a", "../g"), "http://a/g");
  EXPECT_EQ(resolve_url("http://a", "?y"), "http://a?y");
}

TEST(origin_of, host_and_port_are_read) {
  const auto origin = [](std::string_view url) {
    const auto found = origin_of(url);
    return found ? std::string{found->is_https ? "s " : ""} + std::string{found->host} + " " +
                       std::to_string(found->port)
                 : "none";
  };
  EXPECT_EQ(origin("http://a"), "a 80");
  EXPECT_EQ(origin("HTTPS://A/"), "s A 443");
  EXPECT_EQ(origin("http://a:8080?x"), "a 8080");
  EXPECT_EQ(origin("http://a:#x"), "a 80");
  EXPECT_EQ(origin("http://[::1]:81/"), "[::1] 81");
  EXPECT_EQ(origin("http://user:p@ss@a:82/@b"), "a 82");
  for (const char* const url : {"",
                                "a",
                                "//a/",
                                "/a",
                                "http:",
                                "http:a",
                                "http:/a",
                                "http://",
                                "http:///a",
                                "http://:80/",
                                "ftp://a/",
                                "http://a:b/",
                                "http://a:0/",
                                "http://a:65536/",
                                "http://a:-1/",
                                "http://a:99999999999/",
                                "http://a b/",

                                "http://a\\b/",
                                "http://[::1/",
                                "http://[]/",
                                "http://[::1]x/",
                                "http://a:80:80/",
                                "http://a\"/",
                                "javascript:alert(1)"}) {
    EXPECT_EQ(origin(url), "none") << url;
  }
}

TEST(same_origin, scheme_host_and_port_must_be_equal) {
  EXPECT_TRUE(same_origin("http://a/x", "HTTP://A:80/y?z"));
  EXPECT_TRUE(same_origin("https://a:443", "https://a"));
  for (const char* const other : {"https://a/", "http://b/", "http://a:81/", "http://a.b/", "a", ""})
    EXPECT_FALSE(same_origin("http://a/", other)) << other;
  EXPECT_FALSE(same_origin("", ""));
}

TEST(redirect_target, unusual_bytes_are_percent_encoded) {
  EXPECT_EQ(redirect_target("http://a/m/", "b c\t?d \xC3\xA9#e f"), "http://a/m/b%20c%09?d%20%C3%A9#e%20f");
  EXPECT_EQ(redirect_target("http://a/m/", "%20%zz"), "http://a/m/%20%zz");
}

TEST(redirect_target, fragment_is_inherited) {
  EXPECT_EQ(redirect_target("http://a/m/#old", "b"), "http://a/m/b#old");
  EXPECT_EQ(redirect_target("http://a/m/#old", "b#new"), "http://a/m/b#new");
  EXPECT_EQ(redirect_target("http://a/m/#old", "b#"), "http://a/m/b#");
  EXPECT_EQ(redirect_target("http://a/m/?q", "#new"), "http://a/m/?q#new");
}

TEST(redirect_target, user_of_location_is_refused) {
  EXPECT_EQ(redirect_target("http://a/", "http://user@a/"), std::nullopt);
  EXPECT_EQ(redirect_target("http://a/", "//user:password@b/"), std::nullopt);
  EXPECT_EQ(redirect_target("http://a/", "http://a@/"), std::nullopt);
  EXPECT_EQ(redirect_target("http://a/", "http://a\\@b/"), std::nullopt);
  EXPECT_EQ(redirect_target("http://user@a/", "/x@y"), "http://user@a/x@y");
}

TEST(redirect_target, other_schemes_are_refused) {
  for (const char* const location :
       {"file:///etc/passwd", "FILE:///etc/passwd", "ftp://a/", "javascript:alert(1)", "http://", "http:x",
        "http:/x", "https:", "///x", "http://a:99999/", "http://b c/\\", "//", "mailto:x@y"}) {
    EXPECT_EQ(redirect_target("http://a/", location), std::nullopt) << location;
  }
}

TEST(is_redirect, redirects_are_3xx_except_not_modified) {
  for (const int status : {300, 301, 302, 303, 307, 308, 309, 399}) EXPECT_TRUE(is_redirect(status));
  for (const int status : {101, 103, 200, 201, 299, 304, 305, 306, 400, 503})
    EXPECT_FALSE(is_redirect(status));
  for (const int status : {300, 301, 302, 307, 308}) EXPECT_TRUE(keeps_method(status, false, false));
  EXPECT_FALSE(keeps_method(303, false, false));
  for (const int status : {300, 307, 308}) EXPECT_TRUE(keeps_method(status, false, true));
  for (const int status : {301, 302, 303}) EXPECT_FALSE(keeps_method(status, false, true));
  for (const int status : {301, 302, 303, 307}) EXPECT_TRUE(keeps_method(status, true, false));
}

}  // namespace
}  // namespace farebench
