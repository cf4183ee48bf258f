#include "mock_server/engines/server_engine.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <httplib.h>

#include <algorithm>
#include <barrier>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "lib/system/host_identity.hpp"
#include "mock_server/latency/latency_model.hpp"
#include "mock_server/site/numbered_page.hpp"
#include "mock_server/site/results_page.hpp"
#include "tests/mock_server/raw_client.hpp"
#include "tests/mock_server/samples.hpp"
#include "tests/support/waiting.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using testing::AnyOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

httplib::Result post_form(httplib::Client& http, const std::string& cookie,
                          const std::string& form = form_on_day(0),
                          const std::string& target = std::string{search_path},
                          const std::string& type = std::string{form_type}) {
  return http.Post(target, {{"Cookie", cookie}}, form, type);
}

/// Returns the head of a search, without its end, with these further lines.
std::string search_head(const std::string& cookie, std::string_view lines) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: x\r\nContent-Type: {}\r\nCookie: {}\r\n{}", search_path,
                     form_type, cookie, lines);
}

class started_engine : public testing::Test {
 protected:
  virtual engine_kind kind() const = 0;
  void start(const response_latency& latency = {}, std::size_t page_kb = 3) {
    site_ = std::make_unique<site>(page_kb);
    engine_ = make_engine(kind(), *site_, {.latency = latency});
  }
  httplib::Client client() const {
    httplib::Client result{"127.0.0.1", engine_->port()};
    result.set_keep_alive(true);
    result.set_tcp_nodelay(true);
    result.set_read_timeout(test::hang_deadline);
    return result;
  }
  std::vector<raw_client> raw_clients(std::size_t count) const {
    std::vector<raw_client> clients;
    clients.reserve(count);
    while (clients.size() < count) clients.emplace_back(engine_->port());
    return clients;
  }
  static std::string new_session(httplib::Client& http) {
    return session_in(http.Get("/m/")->get_header_value("Set-Cookie"));
  }
  std::string new_session() const {
    auto http = client();
    return new_session(http);
  }

  std::unique_ptr<site> site_;
  std::unique_ptr<server_engine> engine_;
};

class both_engines : public started_engine, public testing::WithParamInterface<engine_kind> {
 protected:
  engine_kind kind() const override { return GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(, both_engines, testing::ValuesIn(engine_kinds), engine_name);

TEST_P(both_engines, search_returns_page_of_the_site) {
  start();
  auto http = client();
  const auto first = http.Get("/m/");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->status, 200);
  EXPECT_THAT(first->get_header_value("Set-Cookie"), StartsWith("JSESSIONID="));
  const auto found = post_form(http, new_session(http));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->status, 200);
  EXPECT_EQ(found->get_header_value("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(found->body, results_page(query_on_day(0), 3));
}

TEST_P(both_engines, numbered_page_is_served_and_counted) {
  start({}, 94);
  auto http = client();
  const auto page = http.Get("/page/17");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 200);
  EXPECT_EQ(page->get_header_value("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_FALSE(page->has_header("Set-Cookie"));
  EXPECT_EQ(page->body, page_body(17, 94));
  const auto head = http.Head("/page/17");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->get_header_value("Content-Length"), std::to_string(94 * 1024));
  EXPECT_EQ(http.Get("/page/1000000")->status, 404);
  EXPECT_EQ(http.Delete("/page/17")->get_header_value("Allow"), "GET, HEAD");
  const server_stats stats = engine_->stats();
  EXPECT_EQ(stats.requests, 4u);
  EXPECT_EQ(stats.sessions, 0u);
  EXPECT_EQ(stats.connections_accepted, 1u);
}

TEST_P(both_engines, invalid_requests_get_each_status_of_the_site) {
  start();
  auto http = client();
  const std::string form = form_on_day(0);
  const std::string search{search_path};
  const std::string type{form_type};
  const std::string session = new_session(http);
  EXPECT_EQ(http.Post(search, form, type)->status, 403);
  EXPECT_EQ(post_form(http, session, "departure=x")->status, 400);
  EXPECT_EQ(post_form(http, session, form, search, "text/plain")->status, 400);
  EXPECT_EQ(http.Get("/")->status, 404);
  EXPECT_EQ(post_form(http, session, form, "/elsewhere")->status, 404);
  EXPECT_EQ(post_form(http, session, form, "/m/?other")->status, 404);
  const auto refused = http.Put("/m/", {{"Cookie", session}}, form, type);
  EXPECT_EQ(refused->status, 405);
  EXPECT_EQ(refused->get_header_value("Allow"), "GET, HEAD");
  EXPECT_EQ(http.Get(search)->get_header_value("Allow"), "POST");
  EXPECT_EQ(engine_->stats().connections_accepted, 1u) << "a refusal must leave the connection usable";
}

TEST_P(both_engines, response_to_head_has_no_body) {
  start();
  raw_client raw{engine_->port()};
  raw.send("HEAD /m/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string response = raw.receive_all();
  EXPECT_THAT(response, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(response, HasSubstr("Set-Cookie: JSESSIONID="));
  EXPECT_THAT(response, EndsWith("\r\n\r\n"));
}

TEST_P(both_engines, response_leaves_after_latency_and_counts_lateness) {
  start({.model = 30ms});
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

TEST_P(both_engines, requests_of_256_clients_are_in_flight_at_once) {
  constexpr std::uint64_t clients = 256;
  start({.model = 1h});
  auto raw = raw_clients(clients);
  for (auto& client : raw) client.send(plain_start_request);
  EXPECT_TRUE(test::wait_until([&] { return engine_->stats().in_flight == clients; }));
  EXPECT_EQ(engine_->stats().in_flight_peak, clients);
  EXPECT_EQ(engine_->stats().listen_drops, 0u);
}

TEST_P(both_engines, stats_count_requests_sessions_and_connections) {
  constexpr int clients = 24;
  start({.model = 10ms});
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

TEST_P(both_engines, stats_count_distinct_items_and_sessions) {
  start();
  auto http = client();
  const std::string first = new_session(http);
  const std::string second = new_session(http);
  for (const std::string& session : {first, first, second}) {
    for (const int day : {0, 1, 2}) EXPECT_EQ(post_form(http, session, form_on_day(day))->status, 200);
  }
  new_session(http);
  post_form(http, "none", form_on_day(3));
  post_form(http, first, "departure=x");
  for (const char* target : {"/page/0", "/page/17", "/page/17", "/page/x", "/elsewhere"}) http.Get(target);
  const server_stats stats = engine_->stats();
  EXPECT_EQ(stats.items, 5u);
  EXPECT_EQ(stats.sessions, 3u);
  EXPECT_EQ(stats.search_sessions, 2u);
}

TEST_P(both_engines, reset_gives_the_counters_of_a_new_server) {
  start({.model = 1ms});
  auto http = client();
  const std::string session = new_session(http);
  EXPECT_EQ(post_form(http, session)->status, 200);
  EXPECT_EQ(http.Get("/page/17")->status, 200);
  const auto reset = http.Delete("/stats");
  ASSERT_TRUE(reset);
  EXPECT_EQ(reset->status, 204);
  EXPECT_THAT(reset->body, IsEmpty());
  const server_stats stats = engine_->stats();
  EXPECT_EQ(stats,
            (server_stats{.engine = stats.engine, .latency = "1ms", .page_kb = 3, .network = stats.network}));
  EXPECT_EQ(post_form(http, session)->status, 403) << "the session must have ended";
  EXPECT_EQ(post_form(http, new_session(http))->status, 200);
  EXPECT_EQ(engine_->stats().requests, 3u);
  EXPECT_EQ(engine_->stats().sessions, 1u);
  EXPECT_EQ(engine_->stats().connections_accepted, 0u) << "the connection was accepted before";
}

TEST_P(both_engines, reset_keeps_requests_in_flight) {
  start({.model = 1h});
  auto raw = raw_clients(3);
  for (auto& client : raw) client.send(plain_start_request);
  ASSERT_TRUE(test::wait_until([&] { return engine_->stats().in_flight == 3; }));
  EXPECT_EQ(client().Delete("/stats")->status, 204);
  EXPECT_EQ(engine_->stats().in_flight, 3u);
  EXPECT_EQ(engine_->stats().in_flight_peak, 3u);
}

TEST_P(both_engines, stats_have_the_settings) {
  start({.model = latency_model::uniform(0ms, 1ms), .seed = 7}, 94);
  const server_stats stats = engine_->stats();
  EXPECT_EQ(stats.engine, to_string(GetParam()));
  EXPECT_EQ(stats.latency, "uniform:0-1ms");
  EXPECT_EQ(stats.seed, 7u);
  EXPECT_EQ(stats.page_kb, 94u);
  EXPECT_EQ(stats.faults, "");
}

TEST_P(both_engines, requests_on_256_connections_succeed) {
  start({.model = 10ms});
  auto raw = raw_clients(256);
  for (auto& client : raw) client.send(plain_start_request);
  for (auto& client : raw) EXPECT_THAT(client.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(engine_->stats().requests, 256u);
  EXPECT_EQ(engine_->stats().listen_drops, 0u);
}

TEST_P(both_engines, stats_have_no_latency_and_are_not_counted) {
  start({.model = 1h});
  auto http = client();
  for (int i = 0; i < 3; ++i) {
    const auto response = http.Get("/stats");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->get_header_value("Content-Type"), "application/json");
    const server_stats stats = parse_server_stats(response->body);
    EXPECT_EQ(stats, (server_stats{.engine = std::string{to_string(GetParam())},
                                   .latency = "3600s",
                                   .page_kb = 3,
                                   .network = network_id(),
                                   .connections_accepted = 1,
                                   .stats_connections = 1}));
  }
}

TEST_P(both_engines, connection_serves_any_number_of_requests) {
  start();
  auto http = client();
  for (int i = 0; i < 300; ++i) ASSERT_EQ(http.Get("/m/")->status, 200);
  EXPECT_EQ(engine_->stats().connections_accepted, 1u);
}

TEST_P(both_engines, accept_encoding_and_range_are_ignored) {
  start({}, 16);
  auto http = client();
  http.set_decompress(false);
  const httplib::Headers headers{
      {"Cookie", new_session(http)}, {"Accept-Encoding", "gzip, deflate, br"}, {"Range", "bytes=0-9"}};
  const auto found = http.Post(std::string{search_path}, headers, form_on_day(0), std::string{form_type});
  EXPECT_EQ(found->status, 200);
  EXPECT_FALSE(found->has_header("Content-Encoding"));
  EXPECT_EQ(found->body, results_page(query_on_day(0), 16));
}

TEST_P(both_engines, post_without_length_has_no_body) {
  start();
  raw_client raw{engine_->port()};
  raw.send(search_head(new_session(), "\r\n"));
  const std::string response = raw.receive_response();
  EXPECT_THAT(response, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(response, EndsWith("form field fromStation is missing\n"));
}

TEST_P(both_engines, body_that_waits_for_100_continue_is_read) {
  start({.model = 5ms});
  const std::string form = form_on_day(0);
  raw_client raw{engine_->port()};
  raw.send(search_head(new_session(),
                       fmt::format("Expect: 100-continue\r\nContent-Length: {}\r\n\r\n", form.size())));
  EXPECT_EQ(raw.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  raw.send(form);
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_P(both_engines, invalid_request_closes_its_connection) {
  start();
  raw_client raw{engine_->port()};
  raw.send("hello\r\n\r\n");
  const std::string response = raw.receive_all();
  EXPECT_THAT(response, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(response, EndsWith("not a request that can be read\n"));
}

// cpp-httplib reads an endless line until its client is silent for request_limits::httplib_timeout. The Beast
// engine stops at 64 KiB.
TEST_P(both_engines, too_large_request_is_refused) {
  start();
  const std::string megabyte(1 << 20, 'x');
  for (const std::string& head :
       {std::string{"GET /"}, std::string{"GET /m/ HTTP/1.1\r\nHost: x\r\nX: "},
        std::string{"POST /m/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n"},
        std::string{"PUT /m/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n"},
        std::string{"POST /m/ HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615\r\n\r\n"}}) {
    raw_client raw{engine_->port()};
    raw.send(head);
    try {
      raw.send(megabyte);
    } catch (const std::system_error& closed) {
      // The server closed before all of it was sent.
      EXPECT_THAT(closed.code().value(), AnyOf(EPIPE, ECONNRESET)) << head;
    }
    EXPECT_THAT(raw.receive_all(), Not(HasSubstr(" 200 "))) << head;
  }
  auto http = client();
  EXPECT_EQ(http.Get("/m/")->status, 200);
}

TEST_P(both_engines, client_that_closes_early_is_not_in_flight) {
  start();
  raw_client{engine_->port()}.send("POST /m/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nab");
  EXPECT_TRUE(test::wait_until(
      [&] { return engine_->stats().in_flight_peak > 0 && engine_->stats().in_flight == 0; }));
  const server_stats stats = engine_->stats();
  EXPECT_EQ(stats.in_flight, 0u);
  EXPECT_EQ(stats.in_flight_peak, 1u);
}

TEST_P(both_engines, port_in_use_throws) {
  start();
  site other{3};
  EXPECT_THROW(make_engine(GetParam(), other, {.port = engine_->port()}), std::system_error);
}

TEST_P(both_engines, port_is_free_after_the_engine_ends) {
  start();
  const std::uint16_t port = engine_->port();
  client().Get("/m/");
  engine_.reset();
  engine_ = make_engine(GetParam(), *site_, {.port = port});
  EXPECT_EQ(client().Get("/m/")->status, 200);
}

TEST_P(both_engines, client_that_has_closed_is_in_flight_until_due) {
  start({.model = 50ms});
  {
    raw_client closing_client{engine_->port()};
    closing_client.send(plain_start_request);
    EXPECT_TRUE(test::wait_until([&] { return engine_->stats().in_flight_peak > 0; }));
  }
  EXPECT_EQ(client().Get("/m/")->status, 200);
  test::wait_until([&] { return engine_->stats().in_flight == 0; });
  EXPECT_EQ(engine_->stats().in_flight, 0u);
  EXPECT_EQ(engine_->stats().requests, 2u) << "the client has closed, but the server responded";
}

TEST_P(both_engines, latency_is_drawn_for_each_step_of_a_scrape) {
  const latency_model model = latency_model::uniform(1ms, 120ms);
  constexpr std::uint64_t seed = 7;
  start({.model = model, .seed = seed});
  auto http = client();
  const auto duration_of = [&](auto exchange) {
    const auto begin = clock::now();
    exchange();
    return clock::now() - begin;
  };
  std::chrono::nanoseconds max_excess{0};
  for (int day = 0; day < 5; ++day) {
    std::string session;
    const auto start_excess = duration_of([&] { session = new_session(http); }) -
                              start_latency(model, seed, static_cast<std::uint64_t>(day));
    const auto search_excess =
        duration_of([&] { EXPECT_EQ(post_form(http, session, form_on_day(day))->status, 200); }) -
        search_latency(model, seed, query_on_day(day));
    EXPECT_GE(start_excess, 0ns);
    EXPECT_GE(search_excess, 0ns);
    max_excess = std::max<std::chrono::nanoseconds>({max_excess, start_excess, search_excess});
  }
  // The engine measures its lateness against the drawn latency.
  EXPECT_LE(engine_->stats().late_p50_ms, in_ms(max_excess) + 1);
}

TEST_P(both_engines, request_sent_byte_by_byte_is_read) {
  start();
  const std::string request = search_request(0, 0, new_session());
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

TEST_P(both_engines, chunked_form_is_read) {
  start();
  raw_client raw{engine_->port()};
  raw.send(search_head(new_session(),
                       "Transfer-Encoding: chunked\r\n\r\n4\r\nfrom\r\n3b\r\n"
                       "Station=ID10202003&toStation=ID10202002&departure=01.01.26&\r\n0\r\n\r\n"));
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_P(both_engines, slow_client_receives_a_whole_large_page) {
  constexpr std::size_t page_kb = 4096;
  start({}, page_kb);
  auto http = client();
  raw_client slow{engine_->port()};
  slow.send(search_request(0, 0, new_session(http)));
  ASSERT_TRUE(slow.wait_readable(test::hang_deadline));
  EXPECT_EQ(http.Get("/m/")->status, 200) << "a slow client delayed another";
  EXPECT_EQ(http.Get("/stats")->status, 200);
  EXPECT_THAT(slow.receive_response(), EndsWith(results_page(query_on_day(0), page_kb)));
}

// The tests of each engine below check other connections.
TEST_P(both_engines, stop_does_not_wait_for_latency) {
  start({.model = 1h});
  raw_client requester{engine_->port()};
  requester.send(plain_start_request);
  ASSERT_TRUE(test::wait_until([&] { return engine_->stats().in_flight == 1; }));
  const auto before = clock::now();
  engine_->stop();
  EXPECT_LT(clock::now() - before, 5s);
  EXPECT_EQ(engine_->stats().in_flight, 0u);
  EXPECT_EQ(engine_->stats().requests, 0u);
  const std::string response = requester.receive_all();
  if (GetParam() == engine_kind::beast) {
    EXPECT_THAT(response, IsEmpty());
  } else {
    EXPECT_THAT(response, StartsWith("HTTP/1.1 503 ")) << "cpp-httplib always sends a response";
    EXPECT_THAT(response, HasSubstr("Connection: close\r\n"));
  }
  engine_->stop();
}

// Tests of one engine. docs/engines.md lists the limits that cpp-httplib's public interface cannot enforce.

class beast_engine : public started_engine {
 protected:
  engine_kind kind() const override { return engine_kind::beast; }
};

class httplib_engine : public started_engine {
 protected:
  engine_kind kind() const override { return engine_kind::cpp_httplib; }
};

TEST_F(beast_engine, pipelined_requests_get_responses_in_order) {
  start();
  raw_client raw{engine_->port()};
  raw.send(
      "GET /m/ HTTP/1.1\r\nHost: x\r\n\r\nPUT /m/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
      "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 404 "));
}

TEST_F(beast_engine, pipelined_requests_get_500_responses) {
  constexpr int count = 500;
  start();
  raw_client raw{engine_->port()};
  std::string requests;
  for (int i = 0; i < count; ++i) requests += "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n";
  raw.send(requests);
  for (int i = 0; i < count; ++i) ASSERT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 404 "));
  EXPECT_EQ(engine_->stats().requests, std::uint64_t{count});
  EXPECT_EQ(engine_->stats().in_flight_peak, 1u);
}

// cpp-httplib discards the bytes that it has received after the end of a request.
TEST_F(httplib_engine, pipelined_requests_are_discarded) {
  start();
  raw_client raw{engine_->port()};
  raw.send("GET /m/ HTTP/1.1\r\nHost: x\r\n\r\nGET /m/ HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 200 "));
  raw.close_sending();
  EXPECT_THAT(raw.receive_all(), IsEmpty());
  EXPECT_EQ(engine_->stats().requests, 1u);
}

// cpp-httplib limits each header line, but not their number.
TEST_F(httplib_engine, sum_of_header_lines_is_not_limited) {
  start();
  std::string request = "GET /m/ HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 20; ++i) request += "X: " + std::string(5'000, 'x') + "\r\n";
  raw_client raw{engine_->port()};
  raw.send(request + "\r\n");
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 200 "));
}

// The library's public interface shows none of these.
TEST_F(httplib_engine, requests_that_the_library_reads_its_own_way) {
  start();
  const auto status_of = [&](const std::string& request) {
    raw_client raw{engine_->port()};
    raw.send(request);
    return raw.receive_response().substr(0, 12);
  };
  EXPECT_EQ(status_of("\r\nGET /m/ HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_THAT(status_of("GET /m/ HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n"),
              AnyOf("HTTP/1.1 200", "HTTP/1.1 400"));
  EXPECT_EQ(status_of("GET /m/ HTTP/1.1\r\nHost: x\r\nX: " + std::string(9'000, 'x') + "\r\n\r\n"),
            "HTTP/1.1 400");
}

TEST_F(beast_engine, blank_lines_may_precede_requests) {
  start();
  raw_client raw{engine_->port()};
  raw.send("\r\n" + std::string{plain_start_request} + "\r\n");
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 200 "));
  raw.send("\r\n" + std::string{plain_start_request});
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(engine_->stats().requests, 2u);
}

TEST_F(beast_engine, sum_of_header_lines_is_limited) {
  start();
  std::string request = "GET /m/ HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 20; ++i) request += "X: " + std::string(5'000, 'x') + "\r\n";
  raw_client raw{engine_->port()};
  raw.send(request);
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 431 "));
}

// A body that cpp-httplib does not read would be read as the next request.
TEST_F(httplib_engine, unread_body_closes_its_connection) {
  const std::string body = "Content-Length: 3\r\n\r\nabc";
  start();
  for (const std::string& head :
       {std::string{"GET /m/ HTTP/1.1\r\nHost: x\r\n"}, std::string{"OPTIONS /m/ HTTP/1.1\r\nHost: x\r\n"},
        std::string{"PUT /m/ HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\n"},
        std::string{"PUT /m/ HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"}}) {
    raw_client raw{engine_->port()};
    raw.send(head + body);
    const std::string response = raw.receive_all();
    EXPECT_THAT(response, StartsWith(head.starts_with("GET") ? "HTTP/1.1 200 " : "HTTP/1.1 405 ")) << head;
    EXPECT_THAT(response, HasSubstr("Connection: close\r\n")) << head;
  }
}

TEST_F(beast_engine, stop_waits_for_no_connection) {
  start({.model = 1h});
  raw_client idle{engine_->port()};
  raw_client requester{engine_->port()};
  raw_client half_sender{engine_->port()};
  requester.send(plain_start_request);
  half_sender.send("GET /m/ HTT");
  ASSERT_TRUE(test::wait_until([&] { return engine_->stats().in_flight == 1; }));
  const auto begin = clock::now();
  engine_->stop();
  EXPECT_LT(clock::now() - begin, 5s);
  EXPECT_THAT(requester.receive_all(), IsEmpty());
  engine_->stop();
}

// cpp-httplib cannot end a connection from another thread: stop() waits until its clients have been silent
// for request_limits::httplib_timeout.
TEST_F(httplib_engine, stop_waits_for_silent_clients) {
  start();
  raw_client idle{engine_->port()};
  raw_client half_sender{engine_->port()};
  raw_client requester{engine_->port()};
  half_sender.send("GET /m/ HTT");
  requester.send(plain_start_request);
  EXPECT_THAT(requester.receive_response(), StartsWith("HTTP/1.1 200 "));
  const auto before = clock::now();
  engine_->stop();
  EXPECT_LT(clock::now() - before, request_limits::httplib_timeout + 5s);
}

}  // namespace
}  // namespace farebench
