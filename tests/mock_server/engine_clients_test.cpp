#include <gmock/gmock.h>
#include <sys/resource.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "mock_server/engines/server_engine.hpp"
#include "mock_server/site/results_page.hpp"
#include "tests/mock_server/faulty_site.hpp"
#include "tests/mock_server/raw_client.hpp"
#include "tests/mock_server/samples.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Both engines against the same requests, and against clients that misbehave.

/// A request and the status of its response. "$S" stands for the cookie of a live session.
struct expected_exchange {
  std::string name;
  std::string request;
  std::string status_line;
};

std::string post_request(std::string_view target, std::string_view headers, std::string_view body) {
  return "POST " + std::string{target} + " HTTP/1.1\r\nHost: x\r\n" + std::string{headers} +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

std::vector<expected_exchange> sample_exchanges() {
  const std::string search{search_path};
  const std::string type = "Content-Type: " + std::string{form_type} + "\r\n";
  const std::string form = form_on_day(0);
  const std::string session = "Cookie: $S\r\n";
  return {
      {"search", post_request(search, session + type, form), "200 OK"},
      {"search_with_more_cookies", post_request(search, "Cookie: a=b; $S\r\n" + type, form), "200 OK"},
      {"head", "HEAD /m/ HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK"},
      {"start_page", std::string{plain_start_request}, "200 OK"},
      {"last_on_its_connection", "GET /m/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "200 OK"},
      {"no_date", post_request(search, session + type, "fromStation=ID1&toStation=ID2"), "400 Bad Request"},
      {"no_form", post_request(search, session, form), "400 Bad Request"},
      {"no_http", "hello\r\n\r\n", "400 Bad Request"},
      {"no_method", "BREW /m/ HTTP/1.1\r\nHost: x\r\n\r\n", "501 Not Implemented"},
      {"no_version", "GET /m/ HTTP/3.0\r\nHost: x\r\n\r\n", "505 HTTP Version Not Supported"},
      {"no_protocol", "GET /m/ FTP/1.0\r\nHost: x\r\n\r\n", "400 Bad Request"},
      {"absolute", "GET http://x/m/ HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK"},
      {"absolute_search",
       "POST HTTP://x:80" + search + " HTTP/1.1\r\nHost: x\r\n" + session + type +
           "Content-Length: " + std::to_string(form.size()) + "\r\n\r\n" + form,
       "200 OK"},
      {"absolute_without_path", "GET http://x HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found"},
      {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK"},
      {"asterisk_get", "GET * HTTP/1.1\r\nHost: x\r\n\r\n", "400 Bad Request"},
      {"options", "OPTIONS /m/ HTTP/1.1\r\nHost: x\r\n\r\n", "405 Method Not Allowed"},
      {"no_host", "GET /m/ HTTP/1.1\r\nA: b\r\n\r\n", "400 Bad Request"},
      {"no_host_in_1_0", "GET /m/ HTTP/1.0\r\nConnection: close\r\n\r\n", "200 OK"},
      {"two_hosts", "GET /m/ HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", "400 Bad Request"},
      {"space_before_colon", "GET /m/ HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n", "400 Bad Request"},
      {"other_coding", "POST /m/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "400 Bad Request"},
      {"length_and_chunks",
       "POST " + search + " HTTP/1.1\r\nHost: x\r\n" + session + type +
           "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "400 Bad Request"},
      {"bad_length", "PUT /m/ HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", "400 Bad Request"},
      {"form_without_length", "POST " + search + " HTTP/1.1\r\nHost: x\r\n" + session + type + "\r\n",
       "400 Bad Request"},
      {"put_of_10_kb",
       "PUT /m/ HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n" + std::string(10'000, 'x'),
       "405 Method Not Allowed"},
      {"put_in_chunks",
       "PUT /m/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
       "405 Method Not Allowed"},
      {"long_form_in_chunks",
       "POST " + search + " HTTP/1.1\r\nHost: x\r\n" + session + type +
           "Transfer-Encoding: chunked\r\n\r\n2328\r\n" + std::string(9'000, 'x') + "\r\n0\r\n\r\n",
       "413 Payload Too Large"},
      {"range", "GET /m/ HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9\r\n\r\n", "200 OK"},
      {"no_session", post_request(search, type, form), "403 Forbidden"},
      {"no_page", "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found"},
      {"no_form_there", post_request("/m/?other", session + type, form), "404 Not Found"},
      {"stats_put", "PUT /stats HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found"},
      {"start_put", "PUT /m/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "405 Method Not Allowed"},
      {"search_get", "GET " + search + " HTTP/1.1\r\nHost: x\r\n\r\n", "405 Method Not Allowed"},
      {"long_form", post_request(search, session + type, std::string(9'000, 'x')), "413 Payload Too Large"},
      {"long_target", "GET /" + std::string(9'000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n", "414 URI Too Long"},
  };
}

struct parsed_response {
  std::string status_line;
  std::map<std::string, std::string> headers;
  std::string body;
};

/// Leaves out the session's id and Keep-Alive, which may differ.
parsed_response parse_response(const std::string& response) {
  parsed_response parsed;
  const std::size_t head_end = response.find("\r\n\r\n");
  parsed.body = response.substr(std::min(head_end, response.size() - 4) + 4);
  std::size_t at = response.find("\r\n");
  parsed.status_line = response.substr(0, at);
  while (at < head_end) {
    const std::size_t start = at + 2;
    at = response.find("\r\n", start);
    const std::string line = response.substr(start, at - start);
    const std::size_t colon = line.find(": ");
    parsed.headers[line.substr(0, colon)] = line.substr(colon + 2);
  }
  parsed.headers.erase("Keep-Alive");
  if (const auto cookie = parsed.headers.find("Set-Cookie"); cookie != parsed.headers.end()) {
    cookie->second.replace(std::string_view{"JSESSIONID="}.size(), 32, "N");
  }
  return parsed;
}

class sample_engine {
 public:
  explicit sample_engine(engine_kind kind) : engine_(make_engine(kind, site_, {})) {
    raw_client raw{engine_->port()};
    raw.send(plain_start_request);
    session_ = session_in(raw.receive_response());
  }

  parsed_response exchange(std::string request) {
    if (const std::size_t at = request.find("$S"); at != std::string::npos) request.replace(at, 2, session_);
    raw_client raw{engine_->port()};
    raw.send(request);
    return parse_response(request.starts_with("HEAD") ? raw.receive_until("\r\n\r\n")
                                                      : raw.receive_response());
  }
  server_stats stats() const { return engine_->stats(); }

 private:
  site site_{3};
  std::unique_ptr<server_engine> engine_;
  std::string session_;
};

TEST(engine_comparison, request_gives_same_response_on_both_engines) {
  sample_engine httplib{engine_kind::cpp_httplib};
  sample_engine beast{engine_kind::beast};
  for (const auto& [name, request, status_line] : sample_exchanges()) {
    const parsed_response httplib_response = httplib.exchange(request);
    const parsed_response beast_response = beast.exchange(request);
    EXPECT_EQ(httplib_response.status_line, "HTTP/1.1 " + status_line) << name;
    EXPECT_EQ(httplib_response.status_line, beast_response.status_line) << name;
    EXPECT_EQ(httplib_response.headers, beast_response.headers) << name;
    EXPECT_EQ(httplib_response.body, beast_response.body) << name;
  }
}

TEST(engine_comparison, requests_give_same_statistics_on_both_engines) {
  sample_engine httplib{engine_kind::cpp_httplib};
  sample_engine beast{engine_kind::beast};
  for (const auto& exchange : sample_exchanges()) {
    httplib.exchange(exchange.request);
    beast.exchange(exchange.request);
  }
  const server_stats httplib_stats = httplib.stats();
  const server_stats beast_stats = beast.stats();
  // The request for /stats is not counted, the one for the session is.
  EXPECT_EQ(httplib_stats.requests, sample_exchanges().size());
  EXPECT_EQ(httplib_stats.requests, beast_stats.requests);
  EXPECT_EQ(httplib_stats.in_flight_peak, beast_stats.in_flight_peak);
  EXPECT_EQ(httplib_stats.sessions, beast_stats.sessions);
  EXPECT_EQ(httplib_stats.connections_accepted, beast_stats.connections_accepted);
}

// Clients that misbehave. Tests without a parameter are for the Beast engine.

/// Raises the limit of open files; both ends of each connection are in this process. Returns false if the
/// limit is too low.
bool may_open(rlim_t files) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < files) return false;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

void expect_good_responses(std::uint16_t port) {
  raw_client client{port};
  client.send(start_request(0, 0));
  const std::string cookie = session_in(client.receive_response());
  for (int day = 0; day < 20; ++day) {
    client.send(search_request(day, 0, cookie));
    ASSERT_THAT(client.receive_response(), EndsWith(results_page(query_on_day(day), 3)));
  }
}

TEST(hostile_clients, idle_clients_delay_no_other_client) {
  if (!may_open(2'200)) GTEST_SKIP() << "too few files may be open";
  site tickets{3};
  const auto engine = make_event_engine(tickets, {});
  std::vector<raw_client> idle_connections;
  idle_connections.reserve(1'000);
  for (int i = 0; i < 1'000; ++i) idle_connections.emplace_back(engine->port());
  expect_good_responses(engine->port());
  EXPECT_EQ(engine->stats().connections_accepted, 1'001u);
}

// Slowloris: clients that send a head or a body byte by byte, endlessly.
TEST(hostile_clients, slow_senders_delay_no_other_client) {
  if (!may_open(1'000)) GTEST_SKIP() << "too few files may be open";
  site tickets{3};
  const auto engine = make_event_engine(tickets, {});
  std::vector<raw_client> slow_senders;
  for (int i = 0; i < 400; ++i) {
    slow_senders.emplace_back(engine->port());
    slow_senders.back().send(i % 2 == 0 ? "GET /m/ HTTP/1.1\r\nHost: x\r\nX-Slow: "
                                        : "POST /m/ HTTP/1.1\r\nHost: x\r\nContent-Length: 8000\r\n\r\n");
  }
  std::jthread sender{[&slow_senders](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      for (raw_client& client : slow_senders) client.send("x");
      std::this_thread::sleep_for(1ms);
    }
  }};
  for (int i = 0; i < 5; ++i) expect_good_responses(engine->port());
}

// The cpp-httplib engine, with one thread per connection, serves at most 256.
class many_engine_clients : public testing::TestWithParam<engine_kind> {};
INSTANTIATE_TEST_SUITE_P(, many_engine_clients, testing::ValuesIn(engine_kinds), engine_name);

TEST_P(many_engine_clients, idle_and_slow_clients_delay_no_other_client) {
  const int idle_clients = GetParam() == engine_kind::beast ? 1'000 : 200;
  const int slow_clients = GetParam() == engine_kind::beast ? 200 : 50;
  if (!may_open(2 * static_cast<rlim_t>(idle_clients + slow_clients) + 200))
    GTEST_SKIP() << "too few files may be open";
  site tickets{3};
  const auto engine = make_engine(GetParam(), tickets, {});
  std::vector<raw_client> idle_connections;
  idle_connections.reserve(static_cast<std::size_t>(idle_clients));
  for (int i = 0; i < idle_clients; ++i) idle_connections.emplace_back(engine->port());
  std::vector<raw_client> slow_senders;
  slow_senders.reserve(static_cast<std::size_t>(slow_clients));
  for (int i = 0; i < slow_clients; ++i) {
    slow_senders.emplace_back(engine->port());
    slow_senders.back().send("GET /m/ HTTP/1.1\r\nHost: x\r\nX-Slow: ");
  }
  std::jthread sender{[&slow_senders](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      for (raw_client& client : slow_senders) client.send("x");
      std::this_thread::sleep_for(5ms);
    }
  }};
  for (int i = 0; i < 5; ++i) expect_good_responses(engine->port());
}

TEST(hostile_clients, clients_that_do_not_read_delay_no_other_client) {
  site tickets{1024};
  const auto engine = make_event_engine(tickets, {});
  raw_client first{engine->port()};
  first.send(start_request(0, 0));
  const std::string cookie = session_in(first.receive_response());
  std::vector<raw_client> non_readers;
  for (int i = 0; i < 20; ++i) {
    non_readers.emplace_back(engine->port());
    for (int request = 0; request < 5; ++request) non_readers.back().send(search_request(i, 0, cookie));
  }
  first.send(start_request(0, 0));
  EXPECT_THAT(first.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(hostile_clients, response_never_quotes_the_request) {
  const std::string mark = "<script>alert(1)</script>\"'";
  const std::string encoded = "%3Cscript%3Ealert%281%29%3C%2Fscript%3E%22%27%0D%0ASet-Cookie%3A+a%3Db";
  const faulty_site site{"refuse:0%"};
  const std::string cookie = site.session();
  const auto form_with = [&](const std::string& form) {
    return post_request(search_path,
                        "Cookie: " + cookie + "\r\nContent-Type: " + std::string{form_type} + "\r\n", form);
  };
  const std::string requests[] = {
      "GET /" + mark + " HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /m/?" + mark + " HTTP/1.1\r\nHost: x\r\nReferer: " + mark + "\r\nCookie: JSESSIONID=" + mark +
          "\r\n\r\n",
      "GET /m/ HTTP/1.1\r\nHost: x\r\nX-Scrape: " + mark + "\r\n\r\n",
      form_with("fromStation=" + encoded + "&toStation=ID1&departure=01.01.26"),
      form_with("fromStation=ID1&toStation=" + encoded + "&departure=01.01.26"),
      form_with("fromStation=ID1&toStation=ID2&departure=" + encoded),
      form_with("fromStation=ID1&toStation=ID2&departure=01.01.26&" + encoded + "=" + encoded),
      form_with(encoded + "=%"),
  };
  for (const std::string& request : requests) {
    raw_client raw = site.client();
    raw.send(request);
    const std::string response = raw.receive_response();
    EXPECT_THAT(response, StartsWith("HTTP/1.1 ")) << request;
    EXPECT_THAT(response, Not(HasSubstr("alert(1)"))) << request;
    EXPECT_THAT(response, Not(HasSubstr("alert%281"))) << request;
    EXPECT_THAT(response, Not(HasSubstr("a=b"))) << request;
  }
}

}  // namespace
}  // namespace farebench
