#include "native/request_text.hpp"

#include <gmock/gmock.h>

#include <string>
#include <string_view>

#include "farebench/exchange.hpp"
#include "http/url.hpp"

namespace farebench {
namespace {

using testing::HasSubstr;
using testing::Not;

struct request_options {
  bool is_changed_to_get = false;
  bool is_at_origin = true;
  bool accept_compressed = false;
};

/// Returns the text of a request for `url`.
std::string text_of(const exchange_request& request, std::string_view url, request_options options = {}) {
  const auto origin = origin_of(url);
  std::string text;
  append_request(text, {.url = url,
                        .origin = origin.value(),
                        .request = request,
                        .is_changed_to_get = options.is_changed_to_get,
                        .is_at_origin = options.is_at_origin,
                        .accept_compressed = options.accept_compressed});
  return text;
}
std::string text_of(const exchange_request& request, request_options options = {}) {
  return text_of(request, request.url, options);
}
std::string text_of(const std::string& url) { return text_of(exchange_request{url}); }

TEST(request_text, get_has_default_fields) {
  EXPECT_EQ(text_of("http://example.org/m/?1"),
            "GET /m/?1 HTTP/1.1\r\nHost: example.org\r\nAccept: */*\r\n\r\n");
}

TEST(request_text, post_has_form) {
  EXPECT_EQ(text_of(exchange_request{"http://example.org/", "a=b&c=%0D%0A"}),
            "POST / HTTP/1.1\r\nHost: example.org\r\nAccept: */*\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\na=b&c=%0D%0A");
}

TEST(request_text, form_is_not_sent_with_get) {
  const std::string url = "http://example.org/";
  EXPECT_EQ(text_of(exchange_request{url, "a=b"}, {.is_changed_to_get = true}), text_of(url));
}

TEST(request_text, host_has_port_unless_default) {
  struct host_case {
    const char* url;
    const char* host;
  };
  for (const auto& [url, host] : {
           host_case{"http://example.org", "example.org"},
           host_case{"http://example.org:80/", "example.org"},
           host_case{"http://example.org:/", "example.org"},
           host_case{"http://example.org:8080/", "example.org:8080"},
           host_case{"http://example.org:443/", "example.org:443"},
           host_case{"http://EXAMPLE.org:080/", "EXAMPLE.org"},
           host_case{"http://[::1]/", "[::1]"},
           host_case{"http://[::1]:81?q", "[::1]:81"},
       })
    EXPECT_THAT(text_of(url), HasSubstr("\r\nHost: " + std::string{host} + "\r\n")) << url;
}

TEST(request_text, target_is_path_and_query) {
  struct target_case {
    const char* url;
    const char* target;
  };
  for (const auto& [url, target] : {
           target_case{"http://a", "/"},
           target_case{"http://a?b=c", "/?b=c"},
           target_case{"http://a/?", "/?"},
           target_case{"http://a#b", "/"},
           target_case{"http://a/b?c#d?e", "/b?c"},
           target_case{"http://a/b/./c/../d", "/b/d"},
           target_case{"http://a/../b/..", "/"},
           target_case{"http://a/b/.", "/b/"},
           target_case{"http://a/.b/..c/d.", "/.b/..c/d."},
           target_case{"http://a//b//../c", "//b/c"},
           target_case{"http://a/b?/../c", "/b?/../c"},
           target_case{"http://a/%2E%2E/b", "/%2E%2E/b"},
           target_case{"http://a/b:c@d", "/b:c@d"},
       })
    EXPECT_THAT(text_of(url), testing::StartsWith("GET " + std::string{target} + " HTTP/1.1\r\n")) << url;
}

TEST(request_text, additional_fields_follow_default_fields) {
  exchange_request request{"http://a/"};
  request.headers = {"X: 1", "x: 2", "Y:"};
  EXPECT_EQ(text_of(request), "GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nX: 1\r\nx: 2\r\nY:\r\n\r\n");
}

TEST(request_text, additional_field_replaces_default) {
  exchange_request request{"http://a/", "a=b"};
  request.cookies.store("e=f", request.url);
  request.headers = {"HOST: b", "accept:x", "Accept-encoding: br", "cookie: c=d", "content-TYPE: text"};
  EXPECT_EQ(text_of(request, {.accept_compressed = true}),
            "POST / HTTP/1.1\r\nHOST: b\r\naccept:x\r\nAccept-encoding: br\r\ncookie: c=d\r\n"
            "content-TYPE: text\r\nContent-Length: 3\r\n\r\na=b");
}

TEST(request_text, cookies_of_url_are_sent) {
  exchange_request request{"http://a/m/"};
  request.cookies.store("a=b; Path=/m", request.url);
  request.cookies.store("c=d; Path=/other", request.url);
  request.cookies.store("e=f; Path=/", request.url);
  EXPECT_THAT(text_of(request), HasSubstr("\r\nCookie: a=b; e=f\r\n"));
}

TEST(request_text, other_origin_gets_no_cookies_and_fields) {
  exchange_request request{"http://a/", "a=b"};
  request.cookies.store("c=d", request.url);
  request.headers = {"X-Secret: 1", "Host: a"};
  EXPECT_EQ(text_of(request, "http://other:81/x", {.is_at_origin = false}),
            "POST /x HTTP/1.1\r\nHost: other:81\r\nAccept: */*\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b");
}

TEST(request_text, gzip_is_offered_on_request) {
  const exchange_request request{"http://a/"};
  EXPECT_THAT(text_of(request, {.accept_compressed = true}), HasSubstr("\r\nAccept-Encoding: gzip\r\n"));
  EXPECT_THAT(text_of(request), Not(HasSubstr("Accept-Encoding")));
}

}  // namespace
}  // namespace farebench
