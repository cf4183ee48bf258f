// Any HTTP over each kind of event loop: methods, bodies, collected responses and cancellation.

#include <gmock/gmock.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "farebench/event_loop.hpp"
#include "farebench/fiber.hpp"
#include "farebench/task.hpp"
#include "strategies/scrape.hpp"
#include "tests/lib/async_support.hpp"
#include "tests/support/stub_server.hpp"
#include "tests/support/waiting.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// Server that records its requests.
class recording_site {
 public:
  explicit recording_site(test::stub_server::handler respond, bool reads_bodies = true)
      : respond_{std::move(respond)},
        server_{[this](const std::string& request) { return record(request); }, reads_bodies} {}

  std::string url() const { return server_.url(); }
  test::stub_server& server() { return server_; }
  std::vector<std::string> requests() const {
    const std::lock_guard lock{mutex_};
    return requests_;
  }
  std::string last() const { return requests().back(); }
  /// Returns "METHOD TARGET" of each request.
  std::vector<std::string> heads() const {
    std::vector<std::string> heads;
    for (const auto& request : requests()) heads.push_back(request.substr(0, request.find(" HTTP/")));
    return heads;
  }

 private:
  test::stub_response record(const std::string& request) {
    {
      const std::lock_guard lock{mutex_};
      requests_.push_back(request);
    }
    return respond_(request);
  }

  test::stub_server::handler respond_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  test::stub_server server_;
};

test::stub_response ok(const std::string& body = "hello", const std::string& headers = "") {
  return {.bytes = test::http_response(200, headers, body)};
}
test::stub_response always_ok(const std::string&) { return ok(); }

exchange_request request_with(std::string method, std::string url) {
  exchange_request request{std::move(url)};
  request.set_method(std::move(method));
  return request;
}

class any_http : public every_loop {
 protected:
  /// Runs an exchange with the same client each time.
  exchange_result run(exchange_request request) { return run_with(client_, std::move(request)); }
  exchange_result run_with(loop_client& client, exchange_request request) {
    std::optional<exchange_result> result;
    loop_.start(client, std::move(request), [&](exchange_result finished) { result = std::move(finished); });
    loop_.run();
    return result ? *std::move(result) : exchange_result{std::unexpected(fetch_error{{}, "not completed"})};
  }
  exchange_response respond_to(exchange_request request) {
    auto result = run(std::move(request));
    EXPECT_TRUE(result) << describe(result.error());
    return result ? *std::move(result) : exchange_response{};
  }
  void expect_error(exchange_request request, fetch_error_kind kind) {
    const auto result = run(std::move(request));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, kind) << describe(result.error());
  }

  loop_client client_{loop_, {.max_redirects = 9}};
};
INSTANTIATE_TEST_SUITE_P(lib, any_http, all_loops(), name_of_loop);

TEST_P(any_http, request_has_its_method_and_body) {
  recording_site site{always_ok};
  for (const std::string method : {"PUT", "PATCH", "DELETE", "POST", "GET", "OPTIONS", "PROPFIND", "get"}) {
    SCOPED_TRACE(method);
    auto request = request_with(method, site.url() + "/a");
    request.set_body("{\"a\":1}", "application/json");
    EXPECT_EQ(respond_to(request).status, 200);
    EXPECT_THAT(site.last(), StartsWith(method + " /a HTTP/1.1\r\n"));
    EXPECT_THAT(site.last(), HasSubstr("\r\nContent-Type: application/json\r\n"));
    EXPECT_THAT(site.last(), HasSubstr("\r\nContent-Length: 7\r\n"));
    EXPECT_THAT(site.last(), EndsWith("\r\n\r\n{\"a\":1}"));
    EXPECT_THAT(site.last(), Not(HasSubstr("User-Agent")));
    EXPECT_THAT(site.last(), Not(HasSubstr("Expect")));
  }
}

TEST_P(any_http, later_request_inherits_nothing) {
  recording_site site{[](const std::string& request) {
    auto response = ok();
    if (request.starts_with("HEAD")) response.bytes.resize(response.bytes.size() - 5);
    return response;
  }};
  const auto put = [&] {
    auto request = request_with("PUT", site.url() + "/");
    request.set_body("body", "text/x");
    request.headers = {"X-Tag: 1", "Content-Language: en"};
    return request;
  };
  const auto head = [&] { return request_with("HEAD", site.url() + "/"); };
  const exchange_request get{site.url() + "/"};
  const exchange_request form{site.url() + "/", "a=b"};
  for (const auto& [first, second] : {std::pair{put(), get}, std::pair{head(), get}, std::pair{put(), form},
                                      std::pair{head(), form}, std::pair{form, get}, std::pair{put(), head()},
                                      std::pair{head(), put()}, std::pair{form, head()}}) {
    respond_to(first);
    const auto response = respond_to(second);
    EXPECT_EQ(response.status, 200);
    const auto received = site.last();
    loop_client fresh{loop_, {}};
    EXPECT_TRUE(run_with(fresh, second));
    EXPECT_EQ(received, site.last()) << "as from a client without an earlier request";
  }
  auto request = get;
  request.collects_body = true;
  respond_to(head());
  EXPECT_EQ(respond_to(request).body(), "hello");
}

TEST_P(any_http, body_of_no_bytes_is_sent) {
  recording_site site{always_ok};
  for (const char* const method : {"POST", "PUT", "PATCH"}) {
    respond_to(request_with(method, site.url() + "/"));
    EXPECT_THAT(site.last(), HasSubstr("\r\nContent-Length: 0\r\n")) << method;
    EXPECT_THAT(site.last(), Not(HasSubstr("Content-Type"))) << method;
    auto request = request_with(method, site.url() + "/");
    request.set_body("", "text/plain");
    respond_to(request);
    EXPECT_THAT(site.last(), HasSubstr("\r\nContent-Length: 0\r\n")) << method;
    EXPECT_THAT(site.last(), HasSubstr("\r\nContent-Type: text/plain\r\n")) << method;
  }
  for (const char* const method : {"GET", "DELETE", "OPTIONS"}) {
    respond_to(request_with(method, site.url() + "/"));
    EXPECT_THAT(site.last(), Not(HasSubstr("Content-"))) << method;
  }
  exchange_request request{site.url() + "/"};
  request.set_body("", "");
  respond_to(request);
  EXPECT_THAT(site.last(), StartsWith("POST "));
  EXPECT_THAT(site.last(), Not(HasSubstr("Content-Type")));
}

TEST_P(any_http, header_field_replaces_content_type) {
  recording_site site{always_ok};
  for (const char* const line : {"content-type: a/b", "content-type:"}) {
    exchange_request request{site.url() + "/"};
    request.set_body("x", "c/d");
    request.headers = {line, "X-Empty:", "User-Agent: test/1"};
    respond_to(request);
    EXPECT_THAT(site.last(), HasSubstr("\r\n"s + line + "\r\n"));
    EXPECT_THAT(site.last(), Not(HasSubstr("Content-Type")));
    EXPECT_THAT(site.last(), HasSubstr("\r\nX-Empty:\r\n"));
    EXPECT_THAT(site.last(), HasSubstr("\r\nUser-Agent: test/1\r\n"));
  }
}

TEST_P(any_http, invalid_method_is_not_sent) {
  recording_site site{always_ok};
  for (const std::string& method : {"GE T"s, "GET\r\nX: y"s, "G\0T"s, "CONNECT"s, "A/B"s, "\xE9"s, " GET"s})
    expect_error(request_with(method, site.url() + "/"), fetch_error_kind::invalid_method);
  for (const char* const method : {"HEAD", "TRACE"}) {
    auto request = request_with(method, site.url() + "/");
    request.set_body("", "text/plain");
    expect_error(request, fetch_error_kind::invalid_method);
  }
  for (const std::string& type : {"a\r\nX: y"s, "a\n"s, "a\0b"s}) {
    exchange_request request{site.url() + "/"};
    request.set_body("x", type);
    expect_error(request, fetch_error_kind::invalid_header);
  }
  EXPECT_TRUE(site.requests().empty());
}

TEST_P(any_http, binary_body_arrives_unchanged) {
  std::string bytes;
  for (int i = 0; i < 1024 * 1024; ++i) bytes += static_cast<char>(i * 7 + i / 256);
  ASSERT_TRUE(bytes.contains('\0'));
  recording_site site{
      [](const std::string& request) { return ok(request.substr(request.find("\r\n\r\n") + 4)); }};
  for (const char* const method : {"PUT", "POST"}) {
    auto request = request_with(method, site.url() + "/");
    request.set_body(bytes, "application/octet-stream");
    request.collects_body = true;
    EXPECT_TRUE(respond_to(request).body() == bytes);
    EXPECT_THAT(site.last().substr(0, 200), Not(HasSubstr("Expect")));
  }
}

TEST_P(any_http, early_response_to_upload_is_reported) {
  recording_site site{[](const std::string&) -> test::stub_response {
                        return {.bytes = test::http_response(413, "Connection: close\r\n", "too large"),
                                .close_after = true};
                      },
                      false};
  for (const char* const method : {"PUT", "POST"}) {
    auto request = request_with(method, site.url() + "/");
    request.set_body(std::string(32'000'000, '\0'), "application/octet-stream");
    request.collects_body = true;
    const auto response = respond_to(request);
    EXPECT_EQ(response.status, 413);
    EXPECT_EQ(response.body(), "too large");
  }
}

TEST_P(any_http, response_to_head_has_no_body) {
  const auto with = [](const std::string& lines, const std::string& rest = "") {
    return "HTTP/1.1 200 OK\r\n" + lines + "\r\n" + rest;
  };
  for (const std::string& bytes :
       {with("Content-Length: 1000\r\n"), with("Content-Length: 5\r\n", "hello"),
        with("Transfer-Encoding: chunked\r\n"), with("Content-Encoding: gzip\r\nContent-Length: 9\r\n"),
        with(""), with("", "hello"), "HTTP/1.1 100 Continue\r\n\r\n" + with("Content-Length: 7\r\n")}) {
    SCOPED_TRACE(bytes);
    recording_site site{[&](const std::string& request) {
      return request.starts_with("HEAD") ? test::stub_response{bytes} : ok("page");
    }};
    auto head = request_with("HEAD", site.url() + "/");
    head.collects_body = head.collects_header = true;
    head.on_body = [](std::string_view) { ADD_FAILURE() << "a body"; };
    const auto response = respond_to(head);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body(), "");
    if (bytes.contains("1000")) {
      EXPECT_EQ(response.find("content-length"), "1000");
    }
    site.server().wait_until_delivered();
    exchange_request get{site.url() + "/"};
    get.collects_body = true;
    EXPECT_EQ(respond_to(get).body(), "page") << "not the bytes behind the response to the HEAD";
    if (bytes.ends_with("\r\n\r\n")) {
      EXPECT_EQ(site.server().accepted_connections(), 1u);
    }
  }
}

TEST_P(any_http, status_without_body_has_its_fields) {
  for (const int status : {204, 304}) {
    recording_site site{[&](const std::string&) -> test::stub_response {
      return {.bytes = "HTTP/1.1 " + std::to_string(status) +
                       " X\r\nETag: \"a\"\r\nContent-Length: 1000\r\nContent-Encoding: gzip\r\n\r\n"};
    }};
    exchange_request request{site.url() + "/"};
    request.collects_header = request.collects_body = true;
    const auto response = respond_to(request);
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.find("ETAG"), "\"a\"");
    EXPECT_EQ(response.body(), "");
  }
}

TEST_P(any_http, fields_are_as_received) {
  recording_site site{[](const std::string&) -> test::stub_response {
    return {.bytes = "HTTP/1.1 103 Early\r\nX-Early: 1\r\n\r\n"
                     "HTTP/1.1 200 OK\r\nx-ODD: a\r\nX-Empty:\r\nX-Two: 1\r\nx-two:2  \r\n"
                     "X-Fold: a\r\n\t b \r\nX-Bad : 1\r\n continued\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "2\r\nhi\r\n0\r\nX-Trailer: 1\r\n\r\n"};
  }};
  exchange_request request{site.url() + "/x#part"};
  request.collects_header = true;
  const auto response = respond_to(request);
  EXPECT_EQ(response.fields(),
            (std::vector<response_field>{{"x-ODD", "a"},
                                         {"X-Empty", ""},
                                         {"X-Two", "1"},
                                         {"x-two", "2"},
                                         {"X-Fold", "a b"},
                                         {"Transfer-Encoding", "chunked"}}));
  EXPECT_EQ(response.find("X-odd"), "a");
  EXPECT_EQ(response.find("x-empty"), "");
  EXPECT_EQ(response.find("X-TWO"), "1");
  EXPECT_EQ(response.find("X-Trailer"), std::nullopt);
  EXPECT_EQ(response.find("X-Early"), std::nullopt);
  EXPECT_EQ(response.body(), "") << "not asked for";
  EXPECT_EQ(response.url(), site.url() + "/x#part");

  const auto plain = respond_to(exchange_request{site.url() + "/"});
  EXPECT_TRUE(plain.fields().empty());
  EXPECT_EQ(plain.url(), "");
}

TEST_P(any_http, final_url_follows_redirects) {
  recording_site site{[](const std::string& request) -> test::stub_response {
    if (request.starts_with("GET /a/b "))
      return {.bytes = test::http_response(302, "Location: ../c?d\r\nX: 1\r\n", "moved")};
    if (request.starts_with("GET /c?d "))
      return {.bytes = test::http_response(301, "Location: e\r\nX: 2\r\n", "moved")};
    return ok("end");
  }};
  exchange_request request{site.url() + "/a/b#top"};
  request.collects_header = request.collects_body = true;
  const auto response = respond_to(request);
  EXPECT_EQ(response.url(), site.url() + "/e#top");
  EXPECT_EQ(response.body(), "end");
  EXPECT_EQ(response.find("X"), std::nullopt) << "a field of the redirects";
  exchange_request bare{site.url()};
  bare.collects_body = true;
  EXPECT_EQ(respond_to(bare).url(), site.url());
}

TEST_P(any_http, redirect_keeps_or_changes_method) {
  for (const int status : {300, 301, 302, 303, 307, 308}) {
    for (const std::string method : {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "QUERY"}) {
      SCOPED_TRACE(method + " " + std::to_string(status));
      recording_site site{[&](const std::string& request) -> test::stub_response {
        const bool is_head = request.starts_with("HEAD");
        if (request.contains(" /a "))
          return {.bytes = test::http_response(status, "Location: /b\r\n", is_head ? "" : "moved")};
        return ok(is_head ? "" : "end");
      }};
      auto request = request_with(method, site.url() + "/a");
      const bool has_body = method != "HEAD" && method != "GET";
      if (has_body) request.set_body("bytes", "text/x");
      request.headers = {"X-Tag: 1", "Content-Language: en", "X-Other: 2"};
      EXPECT_EQ(respond_to(request).status, 200);
      const bool becomes_get =
          (status == 303 && method != "HEAD") || (method == "POST" && (status == 301 || status == 302));
      const auto requests = site.requests();
      ASSERT_EQ(requests.size(), 2u);
      EXPECT_THAT(requests[1], StartsWith((becomes_get ? "GET" : method) + " /b "));
      EXPECT_THAT(requests[1], HasSubstr("\r\nX-Tag: 1\r\n"));
      EXPECT_THAT(requests[1], HasSubstr("\r\nX-Other: 2\r\n"));
      const bool keeps_body = has_body && !becomes_get;
      EXPECT_EQ(requests[1].ends_with("\r\n\r\nbytes"), keeps_body);
      EXPECT_EQ(requests[1].contains("\r\nContent-Type: text/x\r\n"), keeps_body);
      EXPECT_EQ(requests[1].contains("\r\nContent-Length: 5\r\n"), keeps_body);
      EXPECT_EQ(requests[1].contains("\r\nContent-Language: en\r\n"), keeps_body || !has_body);
      EXPECT_EQ(site.server().accepted_connections(), 1u);
    }
  }
}

TEST_P(any_http, redirect_elsewhere_takes_body_only) {
  recording_site other{always_ok};
  recording_site site{[&](const std::string&) -> test::stub_response {
    return {.bytes = test::http_response(307, "Location: " + other.url() + "/\r\n", "")};
  }};
  auto request = request_with("PUT", site.url() + "/");
  request.set_body("bytes", "text/x");
  request.headers = {"Content-Language: en", "Authorization: secret", "Host: name.test"};
  respond_to(request);
  EXPECT_THAT(other.last(), StartsWith("PUT / "));
  EXPECT_THAT(other.last(), HasSubstr("\r\nContent-Type: text/x\r\n"));
  EXPECT_THAT(other.last(), HasSubstr("\r\nContent-Language: en\r\n"));
  EXPECT_THAT(other.last(), EndsWith("\r\n\r\nbytes"));
  EXPECT_THAT(other.last(), Not(HasSubstr("secret")));
  EXPECT_THAT(other.last(), Not(HasSubstr("name.test")));

  request = exchange_request{site.url() + "/"};
  request.headers = {"Content-Language: en"};
  respond_to(request);
  EXPECT_THAT(other.last(), Not(HasSubstr("Content-Language"))) << "there is no body to go with";
}

TEST_P(any_http, lost_request_is_repeated_if_idempotent) {
  struct repeat_case {
    std::string method;
    bool is_form = false;
    std::size_t requests = 2;
  };
  for (const auto& [method, is_form, count] :
       {repeat_case{"GET"}, repeat_case{"HEAD"}, repeat_case{"PUT"}, repeat_case{"DELETE"},
        repeat_case{"OPTIONS"}, repeat_case{"POST", true}, repeat_case{"POST", false, 1},
        repeat_case{"PATCH", false, 1}, repeat_case{"QUERY", false, 1}}) {
    SCOPED_TRACE(method);
    recording_site site{[](const std::string& request) -> test::stub_response {
      if (request.contains(" /lost ")) return {.bytes = {}, .close_after = true};
      return ok();
    }};
    loop_client client{loop_, {}};
    ASSERT_TRUE(run_with(client, exchange_request{site.url() + "/"}));
    auto request = request_with(method, site.url() + "/lost");
    if (is_form) {
      request.form = "a=b";
    } else if (method != "HEAD" && method != "GET") {
      request.set_body("{}", "application/json");
    }
    const auto result = run_with(client, request);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, fetch_error_kind::connection_lost) << describe(result.error());
    EXPECT_EQ(site.requests().size(), 1 + count);
    EXPECT_TRUE(run_with(client, exchange_request{site.url() + "/"})) << "the client is usable";
  }
}

TEST_P(any_http, connection_closed_while_idle_repeats_any_request) {
  recording_site site{[](const std::string& request) {
    auto response = ok();
    response.close_after = request.starts_with("GET");
    return response;
  }};
  respond_to(exchange_request{site.url() + "/"});
  EXPECT_TRUE(test::wait_until([&] { return site.server().open_connections() == 0; }));
  exchange_request request{site.url() + "/"};
  request.set_body("{}", "application/json");
  EXPECT_EQ(respond_to(request).status, 200);
  EXPECT_EQ(site.requests().size(), 2u) << "the request was not sent on the closed connection";
}

TEST_P(any_http, collected_body_has_a_limit) {
  recording_site site{[](const std::string&) { return ok(std::string(10'000, 'x')); }};
  loop_client limited{loop_, {.max_body_bytes = 9'999}};
  loop_client exact{loop_, {.max_body_bytes = 10'000}};
  exchange_request request{site.url() + "/"};
  request.collects_body = true;
  std::size_t streamed = 0;
  request.on_body = [&](std::string_view chunk) { streamed += chunk.size(); };
  const auto result = run_with(limited, request);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, fetch_error_kind::body_too_large);
  streamed = 0;
  const auto whole = run_with(exact, request);
  ASSERT_TRUE(whole) << describe(whole.error());
  EXPECT_EQ(whole->body().size(), 10'000u);
  EXPECT_EQ(streamed, 10'000u) << "on_body is called, too";
}

TEST_P(any_http, collected_response_is_a_value) {
  recording_site site{always_ok};
  exchange_request request{site.url() + "/"};
  request.set_method("OPTIONS");
  request.collects_body = true;
  const exchange_request copy = request;
  request.set_method("GET");
  EXPECT_EQ(copy.method(), "OPTIONS");
  auto response = respond_to(copy);
  const auto other = response;
  EXPECT_EQ(response.take_body(), "hello");
  EXPECT_EQ(response.body(), "");
  EXPECT_EQ(other.body(), "hello");
  EXPECT_EQ(respond_to(request).body(), "hello");
}

/// Server that answers "/never" with nothing, "/half" with half a body, and all others at once.
test::stub_response slow(const std::string& request) {
  if (request.contains(" /never ")) return {.bytes = {}, .no_response = true};
  if (request.contains(" /half ")) return {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"};
  return ok();
}

class cancelled_exchange : public every_loop {
 protected:
  exchange_completion note() {
    return [this](const exchange_result& result) {
      ++completed_;
      kinds_.push_back(result ? std::nullopt : std::optional{result.error().kind});
    };
  }
  void expect_cancelled() {
    EXPECT_EQ(completed_, 1);
    ASSERT_FALSE(kinds_.empty());
    EXPECT_EQ(kinds_.back(), fetch_error_kind::cancelled);
    EXPECT_TRUE(test::wait_until([&] { return site_.open_connections() == 0; })) << "the connection is closed";
    loop_.start(client_, exchange_request{site_.url() + "/"}, note());
    loop_.run();
    EXPECT_EQ(completed_, 2);
    EXPECT_EQ(kinds_.back(), std::nullopt) << "the client is usable";
  }

  test::stub_server site_{slow};
  loop_client client_{loop_, {}};
  int completed_ = 0;
  std::vector<std::optional<fetch_error_kind>> kinds_;
};
INSTANTIATE_TEST_SUITE_P(lib, cancelled_exchange, all_loops(), name_of_loop);

TEST_P(cancelled_exchange, idle_client_is_unaffected) {
  loop_.cancel(client_);
  loop_.run();
  loop_.start(client_, exchange_request{site_.url() + "/"}, [this](const exchange_result& result) {
    EXPECT_TRUE(result);
    ++completed_;
    loop_.cancel(client_);
  });
  loop_.run();
  EXPECT_EQ(completed_, 1);
  loop_.cancel(client_);
  loop_.start(client_, exchange_request{site_.url() + "/"}, note());
  loop_.run();
  EXPECT_EQ(kinds_.back(), std::nullopt);
}

TEST_P(cancelled_exchange, before_it_is_sent) {
  loop_.start(client_, exchange_request{site_.url() + "/never"}, note());
  loop_.cancel(client_);
  loop_.cancel(client_);
  EXPECT_EQ(completed_, 0) << "completes inside run";
  loop_.run();
  expect_cancelled();
}

TEST_P(cancelled_exchange, while_it_connects) {
  const test::full_listener full;
  loop_.start(client_, exchange_request{full.url() + "/"}, note());
  loop_.poll_once();
  loop_.cancel(client_);
  loop_.run();
  expect_cancelled();
}

TEST_P(cancelled_exchange, while_it_waits) {
  loop_timer timer;
  loop_.start(client_, exchange_request{site_.url() + "/never"}, note());
  loop_.wait(timer, loop_timer::clock::now() + 20ms, [this] { loop_.cancel(client_); });
  loop_.run();
  expect_cancelled();
}

TEST_P(cancelled_exchange, in_its_own_on_body) {
  exchange_request request{site_.url() + "/half"};
  int chunks = 0;
  request.on_body = [&](std::string_view) {
    ++chunks;
    loop_.cancel(client_);
  };
  loop_.start(client_, request, note());
  loop_.run();
  EXPECT_EQ(chunks, 1);
  expect_cancelled();
}

TEST_P(cancelled_exchange, in_on_body_of_its_last_bytes) {
  exchange_request request{site_.url() + "/"};
  request.on_body = [this](std::string_view) { loop_.cancel(client_); };
  loop_.start(client_, request, note());
  loop_.run();
  expect_cancelled();
}

TEST_P(cancelled_exchange, chunks_do_not_follow) {
  test::stub_server site{[](const std::string&) -> test::stub_response {
    return {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n"};
  }};
  exchange_request request{site.url() + "/"};
  int chunks = 0;
  request.on_body = [&](std::string_view) {
    ++chunks;
    loop_.cancel(client_);
  };
  loop_.start(client_, request, note());
  loop_.run();
  EXPECT_EQ(chunks, 1);
  expect_cancelled();
}

TEST_P(cancelled_exchange, in_on_body_of_another) {
  loop_client other{loop_, {}};
  exchange_request request{site_.url() + "/half"};
  request.on_body = [this](std::string_view) { loop_.cancel(client_); };
  loop_.start(client_, exchange_request{site_.url() + "/never"}, note());
  int others = 0;
  loop_.start(other, request, [&](const exchange_result& result) {
    ++others;
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, fetch_error_kind::cancelled);
  });
  loop_timer timer;
  std::function<void()> wait_for_first = [&] {
    if (completed_ > 0) return loop_.cancel(other);
    loop_.wait(timer, loop_timer::clock::now() + 1ms, wait_for_first);
  };
  wait_for_first();
  loop_.run();
  EXPECT_EQ(others, 1);
  expect_cancelled();
}

TEST_P(cancelled_exchange, by_completions_of_others) {
  // Each exchange ends one way or the other, exactly once.
  constexpr int count = 40;
  std::vector<std::unique_ptr<loop_client>> clients;
  std::vector<int> completed(count);
  for (int i = 0; i < count; ++i) clients.push_back(std::make_unique<loop_client>(loop_, fetch_limits{}));
  for (int i = 0; i < count; ++i) {
    const auto path = i % 3 == 0 ? "/" : "/never";
    loop_.start(*clients[static_cast<std::size_t>(i)], exchange_request{site_.url() + path},
                [&, i](const exchange_result& result) {
                  ++completed[static_cast<std::size_t>(i)];
                  if (!result) {
                    EXPECT_EQ(result.error().kind, fetch_error_kind::cancelled);
                  }
                  for (const auto& client : clients) loop_.cancel(*client);
                });
  }
  loop_.run();
  EXPECT_THAT(completed, testing::Each(1));
}

TEST_P(cancelled_exchange, repeated_cancellation_lets_run_stop) {
  std::stop_source stop;
  int turns = 0;
  std::function<void(const exchange_result&)> again = [&](const exchange_result&) {
    if (++turns == 100) stop.request_stop();
    loop_.start(client_, exchange_request{site_.url() + "/never"}, again);
    loop_.cancel(client_);
  };
  again({});
  EXPECT_FALSE(loop_.run(stop.get_token()));
}

TEST_P(cancelled_exchange, exception_of_its_on_body_prevails) {
  exchange_request request{site_.url() + "/half"};
  request.on_body = [this](std::string_view) {
    loop_.cancel(client_);
    throw std::domain_error{"no"};
  };
  loop_.start(client_, request, note());
  EXPECT_THROW(loop_.run(), std::domain_error);
  EXPECT_EQ(completed_, 0);
  loop_.start(client_, exchange_request{site_.url() + "/"}, note());
  loop_.run();
  EXPECT_EQ(kinds_.back(), std::nullopt);
}

TEST_P(cancelled_exchange, coroutine_and_fiber_get_the_error) {
  loop_client second{loop_, {}};
  auto coroutine = [](event_loop& loop, loop_client& client, std::string url) -> task<exchange_result> {
    co_return co_await loop.exchange(client, exchange_request{std::move(url)});
  }(loop_, client_, site_.url() + "/never");
  coroutine.start();
  std::optional<exchange_result> in_fiber_result;
  fiber_stacks stacks{1};
  fiber in_fiber{stacks, [&] {
                   in_fiber_result = await_exchange(loop_, second, exchange_request{site_.url() + "/half"});
                 }};
  in_fiber.resume();
  loop_timer timer;
  loop_.wait(timer, loop_timer::clock::now() + 20ms, [&] {
    loop_.cancel(client_);
    loop_.cancel(second);
  });
  loop_.run();
  for (const auto& result : {coroutine.result(), in_fiber_result.value()}) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, fetch_error_kind::cancelled);
  }
}

TEST_P(cancelled_exchange, client_may_be_destroyed_afterwards) {
  {
    loop_client gone{loop_, {}};
    loop_.start(gone, exchange_request{site_.url() + "/never"}, note());
    loop_.poll_once();
    loop_.cancel(gone);
  }
  loop_.run();
  EXPECT_EQ(completed_, 0);
}

TEST_P(any_http, blocking_client_has_the_same_features) {
  recording_site site{always_ok};
  const auto blocking = GetParam().http().create_blocking_client({}, {}, 1);
  auto request = request_with("PUT", site.url() + "/");
  request.set_body("x", "a/b");
  request.collects_header = request.collects_body = true;
  const auto response = blocking->exchange(request);
  ASSERT_TRUE(response) << describe(response.error());
  EXPECT_EQ(response->body(), "hello");
  EXPECT_EQ(response->find("content-type"), "text/html");
  EXPECT_EQ(site.heads(), std::vector{"PUT /"s});
}

}  // namespace
}  // namespace farebench
