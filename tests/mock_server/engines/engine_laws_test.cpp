#include <gmock/gmock.h>
#include <httplib.h>

#include <algorithm>
#include <barrier>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ostream>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "mock_server/engines/server_engine.hpp"
#include "mock_server/latency/latency_model.hpp"
#include "mock_server/site/results_page.hpp"
#include "tests/mock_server/engines/raw_client.hpp"
#include "tests/mock_server/site/queries.hpp"
#include "tests/support/waiting.hpp"

namespace farebench {

// So that gtest names an engine, and not its bytes.
// NOLINTNEXTLINE(readability-identifier-naming)
static void PrintTo(engine_kind kind, std::ostream* out) { *out << to_string(kind); }

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using testing::AnyOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

double in_ms(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double, std::milli>{duration}.count();
}

constexpr const char* search_path = "/m/?0-1.IFormSubmitListener-searchForm-form";
constexpr const char* form = "fromStation=ID10202003&toStation=ID10202002&departure=01.01.26";
constexpr const char* form_type = "application/x-www-form-urlencoded";

class started_engine : public testing::Test {
 protected:
  virtual engine_kind kind() const = 0;
  void start(std::chrono::nanoseconds latency = 0ns, std::size_t page_kb = 3) {
    site_ = std::make_unique<site>(page_kb);
    engine_ = make_engine(kind(), *site_, {.latency = {latency}});
  }
  httplib::Client client() const {
    httplib::Client result{"127.0.0.1", engine_->port()};
    result.set_keep_alive(true);
    result.set_tcp_nodelay(true);
    result.set_read_timeout(test::hang_deadline);
    return result;
  }
  static httplib::Headers new_session(httplib::Client& http) {
    const std::string set = http.Get("/m/")->get_header_value("Set-Cookie");
    return {{"Cookie", set.substr(0, set.find(';'))}};
  }

  std::unique_ptr<site> site_;
  std::unique_ptr<server_engine> engine_;
};

// Properties of every engine.
class engine_laws : public started_engine, public testing::WithParamInterface<engine_kind> {
 protected:
  engine_kind kind() const override { return GetParam(); }
};

TEST_P(engine_laws, serves_the_site) {
  start();
  auto http = client();
  const auto first = http.Get("/m/");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->status, 200);
  EXPECT_THAT(first->get_header_value("Set-Cookie"), StartsWith("JSESSIONID="));
  const auto found = http.Post(search_path, new_session(http), form, form_type);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->status, 200);
  EXPECT_EQ(found->get_header_value("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(found->body, results_page(query_on_day(0), 3));
}

TEST_P(engine_laws, responds_with_each_status_of_the_site) {
  start();
  auto http = client();
  const auto session = new_session(http);
  EXPECT_EQ(http.Post(search_path, form, form_type)->status, 403);
  EXPECT_EQ(http.Post(search_path, session, "departure=x", form_type)->status, 400);
  EXPECT_EQ(http.Post(search_path, session, form, "text/plain")->status, 400);
  EXPECT_EQ(http.Get("/")->status, 404);
  EXPECT_EQ(http.Post("/elsewhere", session, form, form_type)->status, 404);
  EXPECT_EQ(http.Post("/m/?other", session, form, form_type)->status, 404);
  const auto refused = http.Put("/m/", session, form, form_type);
  EXPECT_EQ(refused->status, 405);
  EXPECT_EQ(refused->get_header_value("Allow"), "GET, HEAD");
  EXPECT_EQ(http.Get(search_path)->get_header_value("Allow"), "POST");
  EXPECT_EQ(engine_->stats().connections_accepted, 1u) << "a refusal must leave the connection usable";
}

TEST_P(engine_laws, response_to_head_has_no_body) {
  start();
  raw_client raw{engine_->port()};
  raw.send("HEAD /m/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string response = raw.receive_all();
  EXPECT_THAT(response, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(response, HasSubstr("Set-Cookie: JSESSIONID="));
  EXPECT_THAT(response, EndsWith("\r\n\r\n"));
}

TEST_P(engine_laws, responds_after_the_latency_and_hardly_later) {
  start(30ms);
  auto http = client();
  clock::duration max_elapsed{0};
  for (int i = 0; i < 10; ++i) {
    const auto begin = clock::now();
    ASSERT_TRUE(http.Get("/m/"));
    const auto elapsed = clock::now() - begin;
    EXPECT_GE(elapsed, 30ms);
    max_elapsed = std::max(max_elapsed, elapsed);
  }
  const server_stats stats = engine_->stats();
  EXPECT_EQ(stats.requests, 10u);
  EXPECT_GT(stats.late_p50_ms, 0.0);
  EXPECT_LE(stats.late_p50_ms, in_ms(max_elapsed - 30ms) + 1) << "no later than the client measured";
  EXPECT_LE(stats.late_p50_ms, stats.late_p99_ms);
  EXPECT_LE(stats.late_p99_ms, stats.late_max_ms);
}

TEST_P(engine_laws, requests_of_256_clients_are_in_flight_at_once) {
  constexpr std::uint64_t clients = 256;
  start(1h);
  std::vector<raw_client> raw;
  raw.reserve(clients);
  for (std::uint64_t i = 0; i < clients; ++i) raw.emplace_back(engine_->port());
  for (auto& client : raw) client.send("GET /m/ HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(test::wait_until([&] { return engine_->stats().in_flight == clients; }));
  EXPECT_EQ(engine_->stats().in_flight_peak, clients);
  EXPECT_EQ(engine_->stats().listen_drops, 0u);
}

TEST_P(engine_laws, counts_requests_sessions_and_connections) {
  constexpr int clients = 24;
  start(10ms);
  std::barrier all_ready{clients};
  std::vector<std::jthread> threads;
  threads.reserve(clients);
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back([&] {
      auto http = client();
      all_ready.arrive_and_wait();
      EXPECT_EQ(http.Get("/m/")->status, 200);
      EXPECT_EQ(http.Get("/m/")->status, 200);
    });
  }
  threads.clear();
  const server_stats stats = engine_->stats();
  EXPECT_LE(stats.in_flight_peak, std::uint64_t{clients});
  EXPECT_EQ(stats.in_flight, 0u);
  EXPECT_EQ(stats.requests, std::uint64_t{2 * clients});
  EXPECT_EQ(stats.sessions, std::uint64_t{2 * clients});
  EXPECT_EQ(stats.connections_accepted, std::uint64_t{clients});
  EXPECT_EQ(stats.listen_drops, 0u);
}

TEST_P(engine_laws, serves_256_connections) {
  start(10ms);
  std::vector<raw_client> raw;
  raw.reserve(256);
  for (int i = 0; i < 256; ++i) raw.emplace_back(engine_->port());
  for (auto& one : raw) one.send("GET /m/ HTTP/1.1\r\nHost: x\r\n\r\n");
  for (auto& one : raw) EXPECT_THAT(one.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(engine_->stats().requests, 256u);
  EXPECT_EQ(engine_->stats().listen_drops, 0u);
}

TEST_P(engine_laws, stats_have_no_latency_and_are_not_counted) {
  start(1h);
  auto http = client();
  for (int i = 0; i < 3; ++i) {
    const auto response = http.Get("/stats");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->get_header_value("Content-Type"), "application/json");
    const server_stats stats = parse_server_stats(response->body);
    EXPECT_EQ(stats, (server_stats{.engine = std::string{to_string(GetParam())}, .connections_accepted = 1}));
  }
}

TEST_P(engine_laws, keeps_a_connection_for_any_number_of_requests) {
  start();
  auto http = client();
  for (int i = 0; i < 300; ++i) ASSERT_EQ(http.Get("/m/")->status, 200);
  EXPECT_EQ(engine_->stats().connections_accepted, 1u);
}

TEST_P(engine_laws, ignores_accept_encoding_and_range) {
  start(0ns, 16);
  auto http = client();
  http.set_decompress(false);
  auto headers = new_session(http);
  headers.insert({{"Accept-Encoding", "gzip, deflate, br"}, {"Range", "bytes=0-9"}});
  const auto found = http.Post(search_path, headers, form, form_type);
  EXPECT_EQ(found->status, 200);
  EXPECT_FALSE(found->has_header("Content-Encoding"));
  EXPECT_EQ(found->body, results_page(query_on_day(0), 16));
}

TEST_P(engine_laws, post_without_length_has_no_body) {
  start();
  auto http = client();
  const std::string cookie = new_session(http).find("Cookie")->second;
  raw_client raw{engine_->port()};
  const std::string head =
      std::string{"POST "} + search_path + " HTTP/1.1\r\nHost: x\r\nContent-Type: " + form_type;
  raw.send(head + "\r\nCookie: " + cookie + "\r\n\r\n");
  const std::string response = raw.receive_response();
  EXPECT_THAT(response, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(response, EndsWith("form field fromStation is missing\n"));
}

TEST_P(engine_laws, reads_a_body_that_waits_for_100_continue) {
  start(5ms);
  auto http = client();
  const std::string cookie = new_session(http).find("Cookie")->second;
  raw_client raw{engine_->port()};
  raw.send(std::string{"POST "} + search_path +
           " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: " + form_type +
           "\r\nCookie: " + cookie + "\r\nContent-Length: " + std::to_string(std::strlen(form)) + "\r\n\r\n");
  EXPECT_EQ(raw.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  raw.send(form);
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_P(engine_laws, closes_after_what_is_not_http) {
  start();
  raw_client raw{engine_->port()};
  raw.send("hello\r\n\r\n");
  const std::string response = raw.receive_all();
  EXPECT_THAT(response, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(response, EndsWith("not a request that can be read\n"));
}

// cpp-httplib reads a line without end until its client is silent for request_limits::httplib_timeout; the
// event engine stops at 64 KiB.
TEST_P(engine_laws, limits_the_size_of_a_request) {
  start();
  const std::string megabyte(1 << 20, 'x');
  for (const std::string& head :
       {std::string{"GET /"}, std::string{"GET /m/ HTTP/1.1\r\nX: "},
        std::string{"POST /m/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n"},
        std::string{"PUT /m/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n"},
        std::string{"POST /m/ HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615\r\n\r\n"}}) {
    raw_client raw{engine_->port()};
    raw.send(head);
    try {
      raw.send(megabyte);
    } catch (const std::system_error& closed) {  // before all of it was sent
      EXPECT_THAT(closed.code().value(), AnyOf(EPIPE, ECONNRESET)) << head;
    }
    EXPECT_THAT(raw.receive_all(), Not(HasSubstr(" 200 "))) << head;
  }
  auto http = client();
  EXPECT_EQ(http.Get("/m/")->status, 200);
}

TEST_P(engine_laws, client_that_closes_early_is_not_in_flight) {
  start();
  raw_client{engine_->port()}.send("POST /m/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nab");
  EXPECT_TRUE(test::wait_until(
      [&] { return engine_->stats().in_flight_peak > 0 && engine_->stats().in_flight == 0; }));
  const server_stats stats = engine_->stats();
  EXPECT_EQ(stats.in_flight, 0u);
  EXPECT_EQ(stats.in_flight_peak, 1u);
}

TEST_P(engine_laws, refuses_a_port_that_is_in_use) {
  start();
  site other{3};
  EXPECT_THROW(make_engine(GetParam(), other, {.port = engine_->port()}), std::system_error);
}

TEST_P(engine_laws, frees_its_port_when_it_ends) {
  start();
  const std::uint16_t port = engine_->port();
  client().Get("/m/");
  engine_.reset();
  engine_ = make_engine(GetParam(), *site_, {.port = port});
  EXPECT_EQ(client().Get("/m/")->status, 200);
}

TEST_P(engine_laws, client_that_has_closed_is_in_flight_until_due) {
  start(50ms);
  {
    raw_client gone{engine_->port()};
    gone.send("GET /m/ HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(test::wait_until([&] { return engine_->stats().in_flight_peak > 0; }));
  }
  EXPECT_EQ(client().Get("/m/")->status, 200);
  test::wait_until([&] { return engine_->stats().in_flight == 0; });
  EXPECT_EQ(engine_->stats().in_flight, 0u);
  EXPECT_EQ(engine_->stats().requests, 2u) << "the client has closed, but the server responded";
}

TEST_P(engine_laws, latency_is_drawn_for_each_step_of_a_scrape) {
  const latency_model model = latency_model::uniform(1ms, 120ms);
  constexpr std::uint64_t seed = 7;
  site_ = std::make_unique<site>(3);
  engine_ = make_engine(GetParam(), *site_, {.latency = {.model = model, .seed = seed}});
  auto http = client();
  const auto took = [&](auto ask) {
    const auto begin = clock::now();
    ask();
    return clock::now() - begin;
  };
  std::chrono::nanoseconds max_excess{0};
  for (int day = 0; day < 5; ++day) {
    httplib::Headers session;
    const auto start = took([&] { session = new_session(http); });
    const std::string fields =
        "fromStation=ID10202003&toStation=ID10202002&departure=0" + std::to_string(day + 1) + ".01.26";
    const auto search =
        took([&] { EXPECT_EQ(http.Post(search_path, session, fields, form_type)->status, 200); });
    const auto start_excess = start - start_latency(model, seed, static_cast<std::uint64_t>(day));
    const auto search_excess = search - search_latency(model, seed, query_on_day(day));
    EXPECT_GE(start_excess, 0ns);
    EXPECT_GE(search_excess, 0ns);
    max_excess = std::max<std::chrono::nanoseconds>({max_excess, start_excess, search_excess});
  }
  // The engine measures its lateness against the drawn latency.
  EXPECT_LE(engine_->stats().late_p50_ms, in_ms(max_excess) + 1);
}

TEST_P(engine_laws, reads_a_request_that_comes_byte_by_byte) {
  start();
  auto http = client();
  const std::string cookie = new_session(http).find("Cookie")->second;
  const std::string request = std::string{"POST "} + search_path +
                              " HTTP/1.1\r\nHost: x\r\nContent-Type: " + form_type + "\r\nCookie: " + cookie +
                              "\r\nContent-Length: " + std::to_string(std::strlen(form)) + "\r\n\r\n" + form;
  raw_client raw{engine_->port()};
  for (const char byte : request) {
    raw.send({&byte, 1});
    std::this_thread::sleep_for(20us);
  }
  const std::string response = raw.receive_response();
  EXPECT_THAT(response, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(response, EndsWith(results_page(query_on_day(0), 3)));
  EXPECT_EQ(engine_->stats().in_flight_peak, 1u);
}

TEST_P(engine_laws, reads_a_form_that_comes_in_chunks) {
  start();
  auto http = client();
  const std::string cookie = new_session(http).find("Cookie")->second;
  raw_client raw{engine_->port()};
  raw.send(std::string{"POST "} + search_path + " HTTP/1.1\r\nHost: x\r\nContent-Type: " + form_type +
           "\r\nCookie: " + cookie + "\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfrom\r\n3b\r\n" +
           "Station=ID10202003&toStation=ID10202002&departure=01.01.26&\r\n0\r\n\r\n");
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_P(engine_laws, slow_client_receives_a_large_page_whole) {
  constexpr std::size_t page_kb = 4096;
  start(0ns, page_kb);
  auto http = client();
  const std::string cookie = new_session(http).find("Cookie")->second;
  raw_client slow{engine_->port()};
  slow.send(std::string{"POST "} + search_path + " HTTP/1.1\r\nHost: x\r\nContent-Type: " + form_type +
            "\r\nCookie: " + cookie + "\r\nContent-Length: " + std::to_string(std::strlen(form)) +
            "\r\n\r\n" + form);
  ASSERT_TRUE(slow.wait_readable(test::hang_deadline));
  EXPECT_EQ(http.Get("/m/")->status, 200) << "other clients do not wait for it";
  EXPECT_EQ(http.Get("/stats")->status, 200);
  EXPECT_THAT(slow.receive_response(), EndsWith(results_page(query_on_day(0), page_kb)));
}

// The connection of a response that waits for its latency. Other connections: see below, by engine.
TEST_P(engine_laws, stop_does_not_wait_for_latency) {
  start(1h);
  raw_client waiting{engine_->port()};
  waiting.send("GET /m/ HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(test::wait_until([&] { return engine_->stats().in_flight == 1; }));
  const auto before = clock::now();
  engine_->stop();
  EXPECT_LT(clock::now() - before, 5s);
  EXPECT_EQ(engine_->stats().in_flight, 0u);
  EXPECT_EQ(engine_->stats().requests, 0u);
  const std::string response = waiting.receive_all();
  if (GetParam() == engine_kind::beast) {
    EXPECT_THAT(response, IsEmpty());
  } else {
    EXPECT_THAT(response, StartsWith("HTTP/1.1 503 ")) << "cpp-httplib always sends a response";
    EXPECT_THAT(response, HasSubstr("Connection: close\r\n"));
  }
  engine_->stop();
}

INSTANTIATE_TEST_SUITE_P(, engine_laws, testing::ValuesIn(engine_kinds), [](const auto& engine) {
  std::string name{to_string(engine.param)};
  std::ranges::replace(name, '-', '_');
  return name;
});

// Properties of one engine. docs/engines.md lists the limits that cpp-httplib's public interface cannot
// enforce.

class beast_engine : public started_engine {
 protected:
  engine_kind kind() const override { return engine_kind::beast; }
};

class httplib_engine : public started_engine {
 protected:
  engine_kind kind() const override { return engine_kind::cpp_httplib; }
};

TEST_F(beast_engine, responds_to_pipelined_requests_in_order) {
  start();
  raw_client raw{engine_->port()};
  raw.send(
      "GET /m/ HTTP/1.1\r\nHost: x\r\n\r\nPUT /m/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
      "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 404 "));
}

TEST_F(beast_engine, responds_to_500_pipelined_requests) {
  constexpr int count = 500;
  start();
  raw_client raw{engine_->port()};
  std::string requests;
  for (int i = 0; i < count; ++i) requests += "GET /nowhere HTTP/1.1\r\n\r\n";
  raw.send(requests);
  for (int i = 0; i < count; ++i) ASSERT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 404 "));
  EXPECT_EQ(engine_->stats().requests, std::uint64_t{count});
  EXPECT_EQ(engine_->stats().in_flight_peak, 1u);
}

// cpp-httplib discards the bytes that it has received after the end of a request.
TEST_F(httplib_engine, discards_pipelined_requests) {
  start();
  raw_client raw{engine_->port()};
  raw.send("GET /m/ HTTP/1.1\r\nHost: x\r\n\r\nGET /m/ HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 200 "));
  raw.close_sending();
  EXPECT_THAT(raw.receive_all(), IsEmpty());
  EXPECT_EQ(engine_->stats().requests, 1u);
}

// cpp-httplib limits each header line, but not their number.
TEST_F(httplib_engine, does_not_limit_the_sum_of_header_lines) {
  start();
  std::string request = "GET /m/ HTTP/1.1\r\n";
  for (int i = 0; i < 20; ++i) request += "X: " + std::string(5'000, 'x') + "\r\n";
  raw_client raw{engine_->port()};
  raw.send(request + "\r\n");
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(beast_engine, limits_the_sum_of_header_lines) {
  start();
  std::string request = "GET /m/ HTTP/1.1\r\n";
  for (int i = 0; i < 20; ++i) request += "X: " + std::string(5'000, 'x') + "\r\n";
  raw_client raw{engine_->port()};
  raw.send(request);
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 400 "));
}

// A body that cpp-httplib does not read would be read as the next request.
TEST_F(httplib_engine, closes_after_an_unread_body) {
  const std::string body = "Content-Length: 3\r\n\r\nabc";
  start();
  for (const std::string& head :
       {std::string{"GET /m/ HTTP/1.1\r\n"}, std::string{"OPTIONS /m/ HTTP/1.1\r\n"},
        std::string{"PUT /m/ HTTP/1.1\r\nContent-Encoding: gzip\r\n"},
        std::string{"PUT /m/ HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"}}) {
    raw_client raw{engine_->port()};
    raw.send(head + body);
    const std::string response = raw.receive_all();
    EXPECT_THAT(response, StartsWith(head.starts_with("GET") ? "HTTP/1.1 200 " : "HTTP/1.1 405 ")) << head;
    EXPECT_THAT(response, HasSubstr("Connection: close\r\n")) << head;
  }
}

TEST_F(beast_engine, stops_at_once_for_all_connections) {
  start(1h);
  raw_client idle{engine_->port()};
  raw_client waiting{engine_->port()};
  raw_client midway{engine_->port()};
  waiting.send("GET /m/ HTTP/1.1\r\nHost: x\r\n\r\n");
  midway.send("GET /m/ HTT");
  ASSERT_TRUE(test::wait_until([&] { return engine_->stats().in_flight == 1; }));
  const auto begin = clock::now();
  engine_->stop();
  EXPECT_LT(clock::now() - begin, 5s);
  EXPECT_THAT(waiting.receive_all(), IsEmpty());
  engine_->stop();
}

// cpp-httplib cannot end a connection from another thread: stop() waits until its clients have been silent
// for request_limits::httplib_timeout.
TEST_F(httplib_engine, stop_waits_for_silent_clients) {
  start();
  raw_client idle{engine_->port()};
  raw_client midway{engine_->port()};
  raw_client once{engine_->port()};
  midway.send("GET /m/ HTT");
  once.send("GET /m/ HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(once.receive_response(), StartsWith("HTTP/1.1 200 "));
  const auto before = clock::now();
  engine_->stop();
  EXPECT_LT(clock::now() - before, request_limits::httplib_timeout + 5s);
}

}  // namespace
}  // namespace farebench
