#include "mock_server/engines/served_site.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <random>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include "lib/system/file_descriptor.hpp"
#include "mock_server/server_stats.hpp"
#include "tests/mock_server/samples.hpp"
#include "tests/support/waiting.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using testing::HasSubstr;
using testing::ThrowsMessage;

server_stats filled(const response_log& log) {
  server_stats stats;
  log.fill(stats);
  return stats;
}

TEST(response_log, request_is_in_flight_until_response_leaves) {
  response_log log;
  log.arrived();
  log.arrived();
  EXPECT_EQ(filled(log).in_flight, 2u);
  EXPECT_EQ(filled(log).requests, 0u);
  log.leaving();
  log.left(3ms);
  const server_stats stats = filled(log);
  EXPECT_EQ(stats.in_flight, 1u);
  EXPECT_EQ(stats.in_flight_peak, 2u);
  EXPECT_EQ(stats.requests, 1u);
  EXPECT_EQ(stats.late_p50_ms, 3.0);
  EXPECT_EQ(stats.late_max_ms, 3.0);
}

site_response page_response(std::uint32_t number) {
  site_response response;
  response.step = numbered_page{number};
  return response;
}

site_response search_response(int day, std::uint64_t session) {
  site_response response;
  response.step = query_on_day(day);
  response.session_ordinal = session;
  return response;
}

TEST(item_count, items_and_sessions_are_distinct) {
  item_count counted;
  for (int i = 0; i < 2; ++i) {
    counted.add(page_response(0));
    counted.add(page_response(999'999));
    counted.add(search_response(0, 5));
    counted.add(search_response(1, 5));
    counted.add(search_response(1, 6));
    counted.add({});
  }
  EXPECT_EQ(counted.items(), 4u);
  EXPECT_EQ(counted.search_sessions(), 2u);
}

TEST(item_count, first_and_last_date_of_a_form_are_counted) {
  item_count counted;
  site_response response = search_response(0, 0);
  for (const auto date : {2000y / 1 / 1, 2099y / 12 / 31}) {
    response.step = query{"ID1", "ID2", date};
    counted.add(response);
  }
  EXPECT_EQ(counted.items(), 2u);
}

TEST(response_log, reset_keeps_only_requests_in_flight) {
  response_log log;
  log.connection_accepted();
  for (int i = 0; i < 3; ++i) log.arrived();
  log.responded(search_response(0, 0));
  for (int i = 0; i < 2; ++i) {
    log.leaving();
    log.left(3ms);
  }
  log.reset(0ms);
  EXPECT_EQ(filled(log), (server_stats{.in_flight = 1, .in_flight_peak = 1}));
  log.leaving();
  log.left(1ms);
  EXPECT_EQ(filled(log).requests, 1u);
  EXPECT_EQ(filled(log).late_max_ms, 1.0);
}

TEST(response_log, reset_waits_for_responses_that_are_leaving) {
  response_log log;
  log.arrived();
  log.leaving();
  std::jthread sender{[&] { log.left(3ms); }};
  log.reset(test::hang_deadline);
  sender.join();
  EXPECT_EQ(filled(log), server_stats{});
}

TEST(response_log, abandoned_request_is_not_counted) {
  response_log log;
  log.arrived();
  log.abandoned();
  EXPECT_EQ(filled(log).in_flight, 0u);
  EXPECT_EQ(filled(log).in_flight_peak, 1u);
  EXPECT_EQ(filled(log).requests, 0u);
}

TEST(response_log, stats_wait_for_lateness_of_leaving_response) {
  response_log log;
  log.arrived();
  log.leaving();
  const std::jthread writer{[&log] {
    EXPECT_TRUE(test::wait_until_threads_sleep());
    log.left(2ms);
  }};
  server_stats stats;
  log.fill(stats, test::hang_deadline);
  EXPECT_EQ(stats.late_max_ms, 2.0);
}

TEST(response_log, wait_for_leaving_response_ends) {
  response_log log;
  log.arrived();
  log.leaving();
  EXPECT_EQ(filled(log).requests, 1u);
}

TEST(response_log, accepted_connections_are_counted) {
  response_log log;
  log.connection_accepted();
  log.connection_accepted();
  EXPECT_EQ(filled(log).connections_accepted, 2u);
}

TEST(latency_histogram, empty_histogram_has_zero_quantiles) {
  const latency_histogram none;
  EXPECT_EQ(none.count(), 0u);
  EXPECT_EQ(none.quantile(0.5), 0ns);
  EXPECT_EQ(none.max(), 0ns);
}

TEST(latency_histogram, one_duration_gives_equal_quantiles) {
  for (const nanoseconds duration :
       {nanoseconds{0}, nanoseconds{255}, nanoseconds{256}, nanoseconds{20ms}, nanoseconds{1h}}) {
    latency_histogram histogram;
    histogram.record(duration);
    for (const double share : {0.0, 0.5, 0.99, 1.0}) EXPECT_EQ(histogram.quantile(share), duration);
    EXPECT_EQ(histogram.max(), duration);
  }
}

TEST(latency_histogram, quantiles_below_256_ns_are_exact) {
  latency_histogram histogram;
  for (int ns = 0; ns < 256; ++ns) histogram.record(nanoseconds{ns});
  EXPECT_EQ(histogram.quantile(0.0), 0ns);
  EXPECT_EQ(histogram.quantile(0.5), 127ns);
  EXPECT_EQ(histogram.quantile(0.99), 253ns);
  EXPECT_EQ(histogram.quantile(1.0), 255ns);
}

TEST(latency_histogram, quantile_is_at_most_one_percent_too_high) {
  std::mt19937_64 random{1};
  for (unsigned bits = 4; bits <= 43; ++bits) {
    latency_histogram histogram;
    std::vector<nanoseconds> all;
    for (int i = 0; i < 2'000; ++i) {
      all.push_back(nanoseconds{static_cast<std::int64_t>(random() >> (64 - bits))});
      histogram.record(all.back());
    }
    std::ranges::sort(all);
    EXPECT_EQ(histogram.max(), all.back());
    for (const std::size_t rank : {1u, 500u, 1'000u, 1'980u, 1'999u, 2'000u}) {
      const nanoseconds exact = all[rank - 1];
      const nanoseconds found = histogram.quantile(static_cast<double>(rank) / 2'000.0);
      EXPECT_GE(found, exact);
      EXPECT_LE(static_cast<double>(found.count()), static_cast<double>(exact.count()) * 1.008);
    }
  }
}

TEST(latency_histogram, out_of_range_durations_count_at_the_ends) {
  latency_histogram histogram;
  histogram.record(-5ms);
  EXPECT_EQ(histogram.quantile(1.0), 0ns);
  histogram.record(1'000h);
  histogram.record(nanoseconds::max());
  EXPECT_EQ(histogram.count(), 3u);
  EXPECT_EQ(histogram.max(), nanoseconds::max());
  EXPECT_GT(histogram.quantile(1.0), 2h);
}

/// TCP header of a reset from port 1 of the address's own host.
tcphdr reset_to(const sockaddr_in& address) {
  tcphdr reset{};
  reset.source = htons(1);
  reset.dest = address.sin_port;
  reset.doff = sizeof reset / 4;
  reset.rst = 1;
  // RFC 9293, 3.1: the checksum includes both addresses, the protocol and the length.
  const auto host = std::bit_cast<std::array<std::uint16_t, 2>>(address.sin_addr.s_addr);
  std::uint32_t sum = 2u * (host[0] + host[1]) + htons(IPPROTO_TCP) + htons(sizeof reset);
  for (const std::uint16_t word : std::bit_cast<std::array<std::uint16_t, sizeof reset / 2>>(reset))
    sum += word;
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  reset.check = static_cast<std::uint16_t>(~sum);
  return reset;
}

class listening_socket : public testing::Test {
 protected:
  void listen(int backlog) {
    socket_ = file_descriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_), 0);
    ASSERT_EQ(::listen(socket_.get(), backlog), 0);
    socklen_t size = sizeof address_;
    ASSERT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address_), &size), 0);
  }
  void connect(int count) {
    for (int i = 0; i < count; ++i) {
      clients_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      const int done =
          ::connect(clients_.back().get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_);
      ASSERT_TRUE(done == 0 || errno == EINPROGRESS) << std::strerror(errno);
    }
  }

  site site_{3};
  served_site served_{site_, {}, engine_kind::beast, 0ms};
  file_descriptor socket_;
  sockaddr_in address_{};
  std::vector<file_descriptor> clients_;
};

TEST_F(listening_socket, full_queue_counts_drops) {
  listen(1);
  EXPECT_EQ(socket_drops(socket_.get()), 0u);
  served_.add_listening_socket(socket_.get());
  connect(10);
  EXPECT_TRUE(test::wait_until([&] { return served_.stats().listen_drops >= 1; }));
}

TEST_F(listening_socket, reset_forgets_earlier_drops) {
  listen(1);
  served_.add_listening_socket(socket_.get());
  connect(10);
  ASSERT_TRUE(test::wait_until([&] { return served_.stats().listen_drops >= 1; }));
  clients_.clear();
  std::uint64_t dropped = 0;
  // Repeated while the kernel still drops packets of the first clients.
  do {
    dropped = socket_drops(socket_.get());
    EXPECT_EQ(served_.respond({.method = "DELETE", .target = "/stats"}).content.status, 204);
  } while (socket_drops(socket_.get()) != dropped);
  EXPECT_EQ(served_.stats().listen_drops, 0u);
  connect(10);
  EXPECT_TRUE(test::wait_until([&] { return served_.stats().listen_drops >= 1; }));
}

TEST_F(listening_socket, large_enough_queue_drops_nothing) {
  listen(16);
  connect(10);
  for (const auto& client : clients_) {
    pollfd connected{client.get(), POLLOUT, 0};
    ASSERT_EQ(::poll(&connected, 1, -1), 1);
  }
  EXPECT_EQ(socket_drops(socket_.get()), 0u);
}

TEST_F(listening_socket, reset_of_ended_connection_is_no_listen_drop) {
  const file_descriptor raw{::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP)};
  if (raw.get() < 0) GTEST_SKIP() << "no raw socket: " << std::strerror(errno);
  listen(16);
  const tcphdr reset = reset_to(address_);
  std::optional<std::uint64_t> before;
  std::uint64_t drops = 0;
  // Repeated while other tests drop connections in the same network namespace.
  do {
    before = namespace_listen_drops();
    ASSERT_TRUE(before);
    const std::uint64_t packets = socket_drops(socket_.get());
    served_site served{site_, {}, engine_kind::beast, 0ms};
    served.add_listening_socket(socket_.get());
    ASSERT_EQ(::sendto(raw.get(), &reset, sizeof reset, 0, reinterpret_cast<const sockaddr*>(&address_),
                       sizeof address_),
              static_cast<ssize_t>(sizeof reset))
        << std::strerror(errno);
    ASSERT_TRUE(test::wait_until([&] { return socket_drops(socket_.get()) > packets; }));
    drops = served.stats().listen_drops;
  } while (namespace_listen_drops() != before);
  EXPECT_EQ(drops, 0u);
}

TEST_F(listening_socket, invalid_descriptor_throws) { EXPECT_THROW(socket_drops(-1), std::system_error); }

TEST(parse_listen_drops, value_below_the_name_is_read) {
  EXPECT_EQ(parse_listen_drops("IpExt: InNoRoutes ListenDrops2\nIpExt: 1 2\n"
                               "TcpExt: ListenOverflows ListenDrops TW\nTcpExt: 7 18446744073709551615 9\n"),
            18'446'744'073'709'551'615u);
}

TEST(parse_listen_drops, file_without_the_counter_gives_nothing) {
  for (const char* text : {"", "TcpExt: ListenDrops\n", "TcpExt: TW ListenDrops\nTcpExt: 1\n",
                           "TcpExt: ListenDrops\nTcpExt: many\n", "TcpExt: TW\nTcpExt: 1\n"}) {
    EXPECT_EQ(parse_listen_drops(text), std::nullopt) << text;
  }
}

const server_stats sample{.engine = "cpp-httplib",
                          .latency = "lognormal:20ms,p99=80ms",
                          .seed = 7,
                          .page_kb = 94,
                          .faults = "refuse:1%",
                          .network = "0123456789abcdef",
                          .requests = 18'446'744'073'709'551'615u,
                          .in_flight = 2,
                          .in_flight_peak = 100,
                          .items = 50,
                          .sessions = 4,
                          .search_sessions = 3,
                          .connections_accepted = 101,
                          .stats_connections = 2,
                          .listen_drops = 6,
                          .late_p50_ms = 0.0625,
                          .late_p99_ms = 1.5,
                          .late_max_ms = 2};

TEST(server_stats, written_stats_are_read_back) {
  EXPECT_EQ(parse_server_stats(to_json(sample)), sample);
  EXPECT_EQ(parse_server_stats(to_json({})), server_stats{});
}

TEST(server_stats, unknown_members_are_ignored) {
  std::string json = to_json(sample);
  json.insert(1, "\"uptime\":{},");
  EXPECT_EQ(parse_server_stats(json), sample);
}

TEST(server_stats, missing_member_is_named_in_the_error) {
  std::string json = to_json(sample);
  json.replace(json.find("\"sessions"), 9, "\"Sessions");
  EXPECT_THAT([&] { parse_server_stats(json); },
              ThrowsMessage<std::runtime_error>(HasSubstr("no member sessions; the mock server is too old")));
  EXPECT_THAT([&] { parse_server_stats("{}"); },
              ThrowsMessage<std::runtime_error>(HasSubstr("not a mock server")));
}

TEST(server_stats, older_server_lacks_two_members) {
  std::string json = to_json(sample);
  json.replace(json.find("\"network"), 8, "\"Network");
  json.replace(json.find("\"stats_conn"), 11, "\"Stats_conn");
  EXPECT_EQ(parse_server_stats(json).network, "");
  EXPECT_EQ(parse_server_stats(json).stats_connections, 1u) << "that of the request";
}

TEST(server_stats, member_of_wrong_type_is_named_in_the_error) {
  for (const char* wrong : {"\"4\"", "-4", "4.5", "null"}) {
    std::string json = to_json(sample);
    json.replace(json.find("\"sessions\":4") + 11, 1, wrong);
    EXPECT_THAT([&] { parse_server_stats(json); },
                ThrowsMessage<std::runtime_error>(HasSubstr("member sessions is of another type")))
        << wrong;
  }
}

TEST(server_stats, text_other_than_a_json_object_throws) {
  for (const char* text : {"", "[]", "{", "listening", "3"}) {
    EXPECT_THAT([&] { parse_server_stats(text); },
                ThrowsMessage<std::runtime_error>(HasSubstr("not a JSON object")));
  }
}

}  // namespace
}  // namespace farebench
