// Contract of every strategy for redirects (RFC 9110, 15.4) and the cookies of a session (RFC 6265).

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "farebench/site_protocol.hpp"
#include "tests/contract/every_strategy.hpp"
#include "tests/contract/sites.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench::test {
namespace {

using namespace std::chrono_literals;

/// Method and target, such as "GET /m/".
std::string head_of(const std::string& request) { return request.substr(0, request.find(" HTTP/")); }

/// Value of the Cookie header; empty without one.
std::string cookies_of(const std::string& request) {
  constexpr std::string_view name = "\r\nCookie: ";
  const auto at = request.find(name);
  if (at == std::string::npos) return {};
  const auto begin = at + name.size();
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

stub_response moved(int status, const std::string& headers, const std::string& body = "moved") {
  return {.bytes = http_response(status, headers, body)};
}

stub_response not_found() { return {.bytes = http_response(404, "", "")}; }
stub_response forbidden() { return {.bytes = http_response(403, "", "")}; }

class redirects : public every_strategy {
 protected:
  /// Runs three days in one attempt each and checks each outcome.
  void expect_every_day(const stub_server::handler& respond, const std::function<void(const outcome&)>& check,
                        const fetch_limits& limits = {}) {
    const stub_server site{respond};
    auto work = days_at(site.url(), 3, 2);
    work.policy.exchange = limits;
    work.policy.max_attempts = 1;
    collected_outcomes outcomes;
    run(work, outcomes.sink());
    ASSERT_EQ(outcomes.size(), 3u);
    for (const auto& [index, result] : outcomes.by_index()) check(result);
  }
  void expect_fares(const stub_server::handler& respond, const fetch_limits& limits = {}) {
    expect_every_day(
        respond,
        [](const outcome& result) {
          ASSERT_TRUE(result) << describe(result.error());
          EXPECT_EQ(*result, fares_of_page());
        },
        limits);
  }
  void expect_error(const stub_server::handler& respond, fetch_error_kind kind, int status = 0,
                    const fetch_limits& limits = {}) {
    expect_every_day(
        respond,
        [=](const outcome& result) {
          ASSERT_FALSE(result);
          EXPECT_EQ(result.error().kind, kind) << describe(result.error());
          EXPECT_EQ(result.error().status, status);
        },
        limits);
  }
  /// Site that redirects each search with `response`, and has its results at /m/?1.
  static stub_server::handler redirected_search(stub_response response) {
    return [response = std::move(response)](const std::string& request) {
      if (is_search(request)) return response;
      if (head_of(request) == "GET /m/?1") return page_of_fares();
      return head_of(request) == "GET /m/" ? start_page() : not_found();
    };
  }
};
INSTANTIATE_TEST_SUITE_P(contract, redirects, all_strategies(), name_of);

TEST_P(redirects, cookie_of_redirect_is_sent_to_its_target) {
  expect_fares([](const std::string& request) {
    const bool has_session = cookies_of(request) == "JSESSIONID=abc";
    if (is_search(request)) return has_session ? page_of_fares() : forbidden();
    if (has_session) return stub_response{http_response(200, "", "")};
    return moved(302, "Set-Cookie: JSESSIONID=abc; Path=/\r\nLocation: /m/\r\n");
  });
}

TEST_P(redirects, session_renewed_by_search_is_sent_to_target) {
  // Spring Security and others change the session's identifier in the response to a POST.
  expect_fares([](const std::string& request) {
    if (is_search(request)) return moved(302, "Set-Cookie: JSESSIONID=new; Path=/\r\nLocation: /m/?1\r\n");
    if (head_of(request) != "GET /m/?1") return start_page();
    return cookies_of(request) == "JSESSIONID=new" ? page_of_fares() : forbidden();
  });
}

TEST_P(redirects, deletion_for_other_path_keeps_session) {
  expect_fares([](const std::string& request) -> stub_response {
    if (is_search(request)) return cookies_of(request) == "JSESSIONID=good" ? page_of_fares() : forbidden();
    return {.bytes = http_response(200,
                                   "Set-Cookie: JSESSIONID=good; Path=/m\r\n"
                                   "Set-Cookie: JSESSIONID=deleted; Max-Age=0; Path=/\r\n",
                                   "")};
  });
}

TEST_P(redirects, expired_session_is_no_session) {
  for (const char* const attribute : {"Max-Age=0", "Expires=Thu, 01 Jan 1970 00:00:01 GMT"}) {
    const auto deletion = fmt::format("Set-Cookie: JSESSIONID=; Path=/; {}\r\n", attribute);
    expect_error(
        [&](const std::string& request) -> stub_response {
          if (is_search(request)) return page_of_fares();
          return {.bytes = http_response(200, "Set-Cookie: JSESSIONID=abc; Path=/\r\n" + deletion, "")};
        },
        fetch_error_kind::no_session);
  }
}

TEST_P(redirects, all_cookies_of_target_are_sent) {
  expect_fares([](const std::string& request) -> stub_response {
    if (is_search(request))
      return cookies_of(request) == "theme=dark; JSESSIONID=abc; id=1" ? page_of_fares() : forbidden();
    return {.bytes = http_response(200,
                                   "Set-Cookie: JSESSIONID=abc; Path=/\r\n"
                                   "Set-Cookie: other=1; Path=/other\r\n"
                                   "Set-Cookie: theme=dark; Path=/m/; Max-Age=100000\r\n"
                                   "Set-Cookie: id=1; Path=/\r\n",
                                   "")};
  });
}

TEST_P(redirects, trailer_sets_no_cookie) {
  expect_error(
      [](const std::string& request) -> stub_response {
        if (is_search(request)) return page_of_fares();
        return {.bytes =
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Set-Cookie\r\n\r\n"
                    "4\r\npage\r\n0\r\nSet-Cookie: JSESSIONID=abc; Path=/\r\n\r\n"};
      },
      fetch_error_kind::no_session);
}

TEST_P(redirects, relative_location_is_resolved) {
  for (const char* const location : {"./?1", "?1", ".?1", "/m/?1", "../m/?1", "/x/../m/?1", "#f", "?1#f",
                                     "//HOST/m/?1", "http://HOST/m/?1", "HTTP://HOST/m/./?1", "  ?1\t"}) {
    SCOPED_TRACE(location);
    expect_fares([&](const std::string& request) {
      if (is_search(request)) {
        std::string target = location;
        if (const auto at = target.find("HOST"); at != std::string::npos) {
          constexpr std::string_view name = "\r\nHost: ";
          const auto host = request.find(name) + name.size();
          target.replace(at, 4, request.substr(host, request.find("\r\n", host) - host));
        }
        return moved(303, "Location: " + target + "\r\n");
      }
      if (head_of(request) == "GET /m/") return start_page();
      const std::string expected =
          location == std::string{"#f"} ? std::string{"GET "}.append(search_path) : "GET /m/?1";
      return head_of(request) == expected ? page_of_fares() : not_found();
    });
  }
}

TEST_P(redirects, unusable_location_is_refused) {
  for (const char* const location :
       {"http://user@127.0.0.1/m/?1", "http:/m/?1", "http:?1", "http://", "///m/?1", "http://a b/", "http://[:::]/"}) {
    SCOPED_TRACE(location);
    expect_error(redirected_search(moved(302, fmt::format("Location: {}\r\n", location))),
                 fetch_error_kind::redirect_refused);
  }
  expect_error(redirected_search(moved(302, "Location: /m/?1\r\nLocation: /m/?2\r\n")),
               fetch_error_kind::redirect_refused);
  expect_fares(redirected_search(moved(302, "Location: /m/?1\r\nLocation: /m/?1\r\n")));
}

TEST_P(redirects, status_decides_method) {
  for (const int status : {300, 301, 302, 303, 307, 308}) {
    SCOPED_TRACE(status);
    const bool is_get = status >= 301 && status <= 303;
    expect_fares([=](const std::string& request) {
      const bool has_form = request.contains("\r\n\r\nfromStation=");
      if (request.starts_with("POST /m/?0-1")) return moved(status, "Location: /m/?1\r\n");
      if (head_of(request) == (is_get ? "GET /m/?1" : "POST /m/?1"))
        return has_form != is_get ? page_of_fares() : forbidden();
      return head_of(request) == "GET /m/" ? start_page() : not_found();
    });
  }
}

TEST_P(redirects, get_stays_get) {
  // 303 makes the POST a GET, which the 307 must not undo.
  expect_fares([](const std::string& request) {
    if (is_search(request)) return moved(303, "Location: /m/?2\r\n");
    if (head_of(request) == "GET /m/?2") return moved(307, "Location: /m/?1\r\n");
    return head_of(request) == "GET /m/?1" ? page_of_fares() : start_page();
  });
}

TEST_P(redirects, response_without_target_is_not_followed) {
  for (const int status : {300, 302, 307})
    expect_error(redirected_search(moved(status, "")), fetch_error_kind::unexpected_status, status);
  expect_error(redirected_search(moved(302, "Location:\r\n")), fetch_error_kind::unexpected_status, 302);
  for (const int status : {201, 305, 306, 404}) {
    expect_error(redirected_search(moved(status, "Location: /m/?1\r\n")), fetch_error_kind::unexpected_status,
                 status);
  }
  expect_error(redirected_search({.bytes = "HTTP/1.1 304 Not Modified\r\nLocation: /m/?1\r\n\r\n"}),
               fetch_error_kind::unexpected_status, 304);
}

TEST_P(redirects, location_of_trailer_is_ignored) {
  expect_error(redirected_search({.bytes = "HTTP/1.1 302 Found\r\nTransfer-Encoding: chunked\r\n\r\n"
                                           "2\r\n<p\r\n0\r\nLocation: /m/?1\r\n\r\n"}),
               fetch_error_kind::unexpected_status, 302);
}

TEST_P(redirects, location_of_early_hints_is_ignored) {
  const auto response =
      "HTTP/1.1 103 Early Hints\r\nLocation: /m/?2\r\n\r\n" + http_response(302, "Location: /m/?1\r\n", "");
  expect_fares(redirected_search({.bytes = response}));
}

TEST_P(redirects, body_of_redirect_is_discarded) {
  const auto other = page_with("<div class='select-line'>01:00 02:00 Relax 1 1 CZK</div>");
  const std::string location = "Location: /m/?1\r\n";
  expect_fares(redirected_search(moved(302, location, other)));
  expect_fares(redirected_search(
      {.bytes =
           fmt::format("HTTP/1.1 302 Found\r\n{}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                       location, other.size(), other)}));
  expect_fares(redirected_search(
      {.bytes = "HTTP/1.1 302 Found\r\n" + location + "\r\n" + other, .close_after = true}));
  // Neither decoded nor counted.
  expect_fares(redirected_search(moved(302, location + "Content-Encoding: gzip\r\n", "no gzip")),
               {.accept_compressed = true});
  expect_fares(redirected_search(moved(302, location, std::string(200'000, ' ') + other)),
               {.max_body_bytes = 100'000});
}

TEST_P(redirects, end_of_long_body_is_not_awaited) {
  // No response ends.
  for (const std::string headers : {"", "Content-Length: 1000000\r\n", "Transfer-Encoding: chunked\r\n"}) {
    SCOPED_TRACE(headers);
    const std::string body = headers.starts_with('T') ? "186a0\r\n" + std::string(100'000, ' ') : "moved";
    expect_fares(redirected_search(
        {.bytes = fmt::format("HTTP/1.1 302 Found\r\nLocation: /m/?1\r\n{}\r\n{}", headers, body)}));
  }
}

TEST_P(redirects, cut_body_of_redirect_is_connection_lost) {
  expect_error(
      redirected_search({.bytes = "HTTP/1.1 302 Found\r\nLocation: /m/?1\r\nContent-Length: 9\r\n\r\n<p>",
                         .close_after = true}),
      fetch_error_kind::connection_lost);
}

TEST_P(redirects, connection_is_reused_after_redirect) {
  std::mutex mutex;
  // The server has one thread per connection.
  std::set<std::thread::id> connections;
  const stub_server site{[&](const std::string& request) {
    const std::lock_guard lock{mutex};
    connections.insert(std::this_thread::get_id());
    return redirected_search(moved(302, "Location: /m/?1\r\n"))(request);
  }};
  auto work = days_at(site.url(), 5, 1);
  collected_outcomes outcomes;
  run(work, outcomes.sink());
  for (const auto& [index, result] : outcomes.by_index()) EXPECT_TRUE(result);
  EXPECT_EQ(connections.size(), 1u);
}

TEST_P(redirects, deadline_includes_redirects) {
  // A redirect takes at least 40 ms, so that the deadline comes long before the last.
  std::string response = http_response(302, "Location: /m/?2\r\n", "");
  expect_error(
      [&](const std::string& request) -> stub_response {
        if (head_of(request) == "GET /m/") return start_page();
        return {.bytes = response, .write_bytes = 1, .write_interval = 1ms};
      },
      fetch_error_kind::deadline_exceeded, 0, {.exchange_deadline = 300ms, .max_redirects = 1'000});
}

TEST_P(redirects, cookies_return_to_their_origin) {
  std::atomic<int> leaked = 0;
  std::string site_url;
  const stub_server other{[&](const std::string& request) {
    if (!cookies_of(request).empty()) ++leaked;
    return moved(307, "Set-Cookie: JSESSIONID=other; Path=/\r\nLocation: " + site_url + "/m/?1\r\n");
  }};
  const stub_server site{[&](const std::string& request) {
    if (request.starts_with("POST /m/?0-1")) return moved(307, "Location: " + other.url() + "/\r\n");
    if (head_of(request) == "GET /m/") return start_page();
    return cookies_of(request) == "JSESSIONID=abc" ? page_of_fares() : forbidden();
  }};
  site_url = site.url();
  collected_outcomes outcomes;
  run(days_at(site_url, 3, 2), outcomes.sink());
  ASSERT_EQ(outcomes.size(), 3u);
  for (const auto& [index, result] : outcomes.by_index()) EXPECT_TRUE(result) << describe(result.error());
  EXPECT_EQ(leaked, 0);
}

}  // namespace
}  // namespace farebench::test
