#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "lib/system/process_stats.hpp"
#include "mock_server/faults/fault_effects.hpp"
#include "mock_server/site/results_page.hpp"
#include "mock_server/site/timetable.hpp"
#include "tests/mock_server/faulty_site.hpp"
#include "tests/mock_server/gumbo_fares.hpp"
#include "tests/mock_server/samples.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// Faults as a client observes them on its socket. The expected bytes are written out, independently of the
// code that makes them.

const std::string whole_head =
    scripted_head + "Content-Length: " + std::to_string(sample_page.size()) + "\r\n\r\n";

TEST(connection_faults, closing_fault_sends_its_bytes_then_fin_or_rst) {
  const struct {
    const char* fault;
    std::string bytes;
    bool was_reset;
  } cases[] = {
      {"empty_reply", "", false},
      {"reset_before_headers", "", true},
      {"reset_in_headers", whole_head.substr(0, whole_head.size() / 2), true},
      {"reset_after_headers", whole_head, true},
      {"reset_mid_body", whole_head + sample_page.substr(0, sample_page.size() / 2), true},
      {"reset_after_answer", whole_head + sample_page, true},
      {"close_in_headers", whole_head.substr(0, whole_head.size() / 2), false},
      {"close_after_answer", whole_head + sample_page, false},
      {"refuse", "", true},
  };
  for (const auto& expected : cases) {
    const faulty_site site{std::string{expected.fault} + ":100%"};
    raw_client raw = site.client();
    site.send_search(raw);
    EXPECT_EQ(raw.receive_all(), expected.bytes) << expected.fault;
    EXPECT_EQ(raw.was_reset(), expected.was_reset) << expected.fault;
  }
}

TEST(connection_faults, reset_mid_body_applies_to_start_page) {
  const faulty_site site{"reset_mid_body:100%"};
  raw_client raw = site.client();
  raw.send(start_request(0, 1));
  EXPECT_THAT(raw.receive_all(), HasSubstr("Set-Cookie: JSESSIONID="));
  EXPECT_TRUE(raw.was_reset());
}

TEST(connection_faults, slow_reader_gets_all_bytes_before_reset) {
  constexpr std::size_t page_kb = 1024;
  const std::string large = results_page(query_on_day(0), page_kb);
  const faulty_site site{{.plan = plan_of_first_attempts("reset_mid_body:100%")}, 0ns, page_kb};
  raw_client raw = site.client();
  site.send_search(raw);
  ASSERT_TRUE(raw.wait_readable(test::hang_deadline));
  site.run_engine();
  EXPECT_THAT(raw.receive_all(), EndsWith(large.substr(0, large.size() / 2)));
  EXPECT_TRUE(raw.was_reset());
}

// The server sends nothing, reads on, and releases the connection when the client closes it.
TEST(connection_faults, held_connection_gets_no_response) {
  faulty_site site{"never_answer:100%"};
  {
    raw_client raw = site.client();
    site.send_search(raw);
    raw.send(std::string(100'000, 'x'));
    site.run_engine();
    raw.close_sending();
    EXPECT_THAT(raw.receive_all(), IsEmpty());
    EXPECT_FALSE(raw.was_reset());
  }
  EXPECT_EQ(site.engine().stats().in_flight, 0u);
}

TEST(connection_faults, dribble_sends_a_byte_every_50_ms) {
  for (const auto& [fault, start] : {std::pair{"dribble_headers", std::string{"X-Slow: "}},
                                     std::pair{"dribble_body", "\r\n\r\n" + sample_page.substr(0, 100)}}) {
    const faulty_site site{std::string{fault} + ":100%"};
    raw_client raw = site.client();
    // Begins before the request, so that a delay of this thread cannot shorten the duration.
    const auto begin = clock::now();
    site.send_search(raw);
    const std::string first = raw.receive_until(start);
    EXPECT_THAT(first, StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(first, EndsWith(start));
    EXPECT_EQ(raw.receive_exactly(4).size(), 4u);
    EXPECT_GE(clock::now() - begin, 150ms) << "a byte every 50 ms";
  }
}

TEST(connection_faults, late_response_waits_ten_times_the_latency) {
  for (const auto& [latency, late] : {std::pair{0ms, 200ms}, std::pair{30ms, 300ms}}) {
    const faulty_site site{{.plan = plan_of_first_attempts("late_answer:100%")}, latency};
    const std::string cookie = site.session();
    raw_client raw = site.client();
    const auto begin = clock::now();
    raw.send(search_request(0, 1, cookie));
    EXPECT_THAT(raw.receive_response(), EndsWith(sample_page));
    EXPECT_GE(clock::now() - begin, late);
  }
}

// The port stays closed, so that no delay of this thread lets it reopen meanwhile.
TEST(connection_faults, refuse_closes_the_port_to_new_clients_only) {
  const faulty_site site{{.plan = plan_of_first_attempts("refuse:100%"), .refusal_time = 1h}};
  const std::string cookie = site.session();
  raw_client earlier_client = site.client();
  raw_client raw = site.client();
  raw.send(search_request(0, 1, cookie));
  EXPECT_THAT(raw.receive_all(), IsEmpty());
  EXPECT_TRUE(raw.was_reset());
  for (int i = 0; i < 5; ++i) {
    try {
      site.client();
      ADD_FAILURE() << "the port is open";
    } catch (const std::system_error& error) {
      EXPECT_EQ(error.code(), std::errc::connection_refused);
    }
    earlier_client.send(start_request(0, 2));
    EXPECT_THAT(earlier_client.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
}

TEST(connection_faults, refuse_opens_the_port_again_each_time) {
  const faulty_site site{"refuse:100%"};
  raw_client earlier_client = site.client();
  for (int day = 0; day < 5; ++day) {
    raw_client raw = site.client();
    raw.send(start_request(day, 1));
    EXPECT_THAT(raw.receive_all(), IsEmpty());
    EXPECT_TRUE(raw.was_reset());
    earlier_client.send(start_request(day, 2));
    EXPECT_THAT(earlier_client.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(test::wait_until([&] {
      try {
        site.client();
        return true;
      } catch (const std::system_error& error) {
        EXPECT_EQ(error.code(), std::errc::connection_refused);
        return false;
      }
    }));
  }
}

TEST(connection_faults, whole_response_keeps_its_connection) {
  const faulty_site site{"malformed_html:50%,status_503:50%"};
  const std::string cookie = site.session();
  raw_client raw = site.client();
  for (int day = 0; day < 20; ++day) {
    raw.send(search_request(day, 1, cookie) + search_request(day, 2, cookie));
    EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 "));
    EXPECT_THAT(raw.receive_response(), EndsWith(results_page(query_on_day(day), 3)));
  }
}

// Faults of the framing.

const std::string first_half = sample_page.substr(0, sample_page.size() / 2);
const std::string second_half = sample_page.substr(sample_page.size() / 2);

std::string in_hex(std::size_t number) { return fmt::format("{:x}", number); }

std::string length_field(std::size_t bytes) { return "Content-Length: " + std::to_string(bytes) + "\r\n"; }

TEST(framing_faults, misframed_page_closes_the_connection) {
  const std::size_t cut = cut_position(sample_page);
  const std::string chunked = scripted_head + "Transfer-Encoding: chunked\r\n\r\n" +
                              in_hex(first_half.size()) + "\r\n" + first_half + "\r\n";
  const std::pair<const char*, std::string> cases[] = {
      {"truncated_body", scripted_head + length_field(sample_page.size()) + "\r\n" + first_half},
      {"cut_between_rows", scripted_head + "Connection: close\r\n\r\n" + sample_page.substr(0, cut)},
      {"length_too_large", scripted_head + length_field(sample_page.size() + 100) + "\r\n" + sample_page},
      {"two_lengths",
       scripted_head + length_field(sample_page.size()) + length_field(cut) + "\r\n" + sample_page},
      {"negative_length", scripted_head + "Content-Length: -1\r\n\r\n" + sample_page},
      {"length_not_a_number", scripted_head + "Content-Length: many\r\n\r\n" + sample_page},
      {"length_overflow", scripted_head + "Content-Length: 18446744073709551617\r\n\r\n" + sample_page},
      {"length_and_chunked", scripted_head + length_field(cut) + "Transfer-Encoding: chunked\r\n\r\n" +
                                 in_hex(sample_page.size()) + "\r\n" + sample_page + "\r\n0\r\n\r\n"},
      {"bad_chunk_size", chunked + "xyz\r\n" + second_half + "\r\n0\r\n\r\n"},
      {"huge_chunk_size", chunked + "fffffffffffffffff\r\n" + second_half + "\r\n0\r\n\r\n"},
      {"cut_chunks", scripted_head + "Transfer-Encoding: chunked\r\n\r\n" + in_hex(cut) + "\r\n" +
                         sample_page.substr(0, cut) + "\r\n"},
      {"http09_junk", sample_page},
      {"bad_version", "HTTP/7.3 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n" +
                          length_field(sample_page.size()) + "\r\n" + sample_page},
      {"switching_protocols",
       "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: farebench/1\r\n\r\n" +
           sample_page},
  };
  for (const auto& [fault, bytes] : cases) {
    const faulty_site site{std::string{fault} + ":100%"};
    raw_client raw = site.client();
    site.send_search(raw);
    EXPECT_EQ(raw.receive_all(), bytes) << fault;
    EXPECT_FALSE(raw.was_reset()) << fault;
  }
}

TEST(framing_faults, misframed_page_keeps_the_connection) {
  const std::string nul{"X-Nul: a\0b\r\n", 12};
  const std::pair<const char*, std::string> cases[] = {
      {"length_too_small", scripted_head + length_field(cut_position(sample_page)) + "\r\n" + sample_page},
      {"nul_in_header", scripted_head + nul + length_field(sample_page.size()) + "\r\n" + sample_page},
  };
  for (const auto& [fault, bytes] : cases) {
    const faulty_site site{std::string{fault} + ":100%"};
    raw_client raw = site.client();
    site.send_search(raw);
    EXPECT_EQ(raw.receive_exactly(bytes.size()), bytes) << fault;
    raw.send(start_request(0, 2));
    EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
}

TEST(framing_faults, unsolicited_response_has_other_fares) {
  const faulty_site site{"unsolicited_response:100%"};
  for (const bool is_search : {true, false}) {
    raw_client raw = site.client();
    raw.send(is_search ? search_request(0, 1, site.session()) : start_request(0, 1));
    EXPECT_THAT(raw.receive_response(), EndsWith(is_search ? sample_page : "</html>\n"));
    const std::string second = raw.receive_response();
    EXPECT_THAT(second, StartsWith(scripted_head));
    const auto fares = gumbo_fares(second.substr(second.find("\r\n\r\n")));
    EXPECT_FALSE(fares.empty());
    EXPECT_NE(fares, timetable(query_on_day(0), 3));
  }
}

// Only the missing end of the page, or its length, shows that fares are missing.
TEST(framing_faults, cut_page_has_the_first_half_of_the_fares) {
  for (const std::size_t page_kb : {2u, 3u, 10u, 94u}) {
    for (int day = 0; day < 20; ++day) {
      const auto fares = timetable(query_on_day(day), page_kb);
      const std::string whole = results_page(query_on_day(day), page_kb);
      const auto found = gumbo_fares(whole.substr(0, cut_position(whole)));
      EXPECT_EQ(found,
                std::vector(fares.begin(), fares.begin() + static_cast<std::ptrdiff_t>(fares.size() / 2)));
    }
  }
}

// Faults that send more than a client should accept.

constexpr std::size_t flood_bytes = 4 << 20;

struct endless_fault {
  const char* name;
  std::string start;
  /// Follows `start`, again and again.
  std::string block;
};

const endless_fault endless_faults[] = {
    {"flood_1xx", "", "HTTP/1.1 103 Early Hints\r\nLink: </m/style.css>; rel=preload\r\n\r\n"},
    {"header_bomb", scripted_head, "X-Bomb: tick tick tick tick tick tick\r\n"},
    {"huge_body", scripted_head + "Connection: close\r\n\r\n", "<p>Jedeme dál.</p>\n"},
    {"huge_chunked_body", scripted_head + "Transfer-Encoding: chunked\r\n\r\n1ff4\r\n",
     "<p>Jedeme dál.</p>\n"},
};

TEST(flood_faults, flood_continues_while_the_client_reads) {
  for (const endless_fault& flood : endless_faults) {
    const faulty_site site{std::string{flood.name} + ":100%"};
    raw_client raw = site.client();
    site.send_search(raw);
    const std::string bytes = raw.receive_at_least(flood_bytes);
    ASSERT_GE(bytes.size(), flood_bytes) << flood.name;
    EXPECT_THAT(bytes.substr(0, 1000), StartsWith(flood.start + flood.block + flood.block)) << flood.name;
    EXPECT_THAT(bytes.substr(bytes.size() - 1000), HasSubstr(flood.block)) << flood.name;
  }
}

TEST(flood_faults, closed_client_ends_the_flood) {
  for (const char* fault : {"flood_1xx", "header_bomb", "huge_body", "huge_chunked_body", "gzip_bomb",
                            "huge_header_line", "dribble_headers", "dribble_body", "never_answer"}) {
    const faulty_site site{std::string{fault} + ":100%"};
    const auto before = open_resources();
    {
      std::vector<raw_client> clients;
      for (int i = 0; i < 10; ++i) {
        clients.push_back(site.client());
        site.send_search(clients.back());
      }
      site.run_engine();
    }
    EXPECT_TRUE(test::wait_until([&] { return open_resources().descriptors <= before.descriptors; }))
        << fault;
  }
}

TEST(flood_faults, floods_delay_no_other_client) {
  const faulty_site site{"huge_body:25%,flood_1xx:25%,dribble_body:25%,never_answer:25%"};
  const std::string cookie = site.session();
  std::vector<std::jthread> readers;
  readers.reserve(16);
  for (int day = 0; day < 16; ++day) {
    readers.emplace_back([&site, &cookie, day](const std::stop_token& stop) {
      raw_client raw = site.client();
      raw.send(search_request(day, 1, cookie));
      while (!stop.stop_requested()) {
        if (raw.wait_readable(10ms)) raw.receive_at_least(1);
      }
    });
  }
  raw_client other_client = site.client();
  for (int day = 0; day < 200; ++day) {
    other_client.send(search_request(day, 2, cookie));
    ASSERT_THAT(other_client.receive_response(), EndsWith(results_page(query_on_day(day), 3)));
  }
}

TEST(flood_faults, flood_without_reader_delays_no_other_client) {
  const faulty_site site{"huge_body:100%"};
  raw_client non_reader = site.client();
  site.send_search(non_reader);
  ASSERT_TRUE(non_reader.wait_readable(test::hang_deadline));
  // Each round trip lets the engine send at least one more block, 8 MiB in all: more than the sockets hold.
  site.run_engine(1'000);
  raw_client other_client = site.client();
  other_client.send(start_request(0, 2));
  EXPECT_THAT(other_client.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(flood_faults, huge_header_line_has_8_mib_before_the_page) {
  const faulty_site site{"huge_header_line:100%"};
  raw_client raw = site.client();
  site.send_search(raw);
  const std::string before =
      scripted_head + "Content-Length: " + std::to_string(sample_page.size()) + "\r\nX-Huge: ";
  const std::string after = "\r\n\r\n" + sample_page;
  EXPECT_EQ(raw.receive_exactly(before.size()), before);
  EXPECT_EQ(raw.receive_exactly(8 << 20), std::string(8 << 20, 'x'));
  EXPECT_EQ(raw.receive_exactly(after.size()), after);
}

TEST(flood_faults, gzip_bomb_has_the_announced_length) {
  const zero_bomb& bomb = large_zero_bomb();
  const faulty_site site{"gzip_bomb:100%"};
  raw_client raw = site.client();
  site.send_search(raw);
  EXPECT_EQ(raw.receive_until("\r\n\r\n"), scripted_head + "Content-Encoding: gzip\r\nContent-Length: " +
                                               std::to_string(bomb.bytes()) + "\r\n\r\n");
  const std::string bytes = raw.receive_exactly(bomb.bytes());
  EXPECT_EQ(bytes.size(), bomb.bytes());
  EXPECT_THAT(bytes.substr(0, 4096), StartsWith(bomb.start + bomb.block));
  EXPECT_THAT(bytes.substr(bytes.size() - 4096), EndsWith(bomb.block + bomb.end));
}

TEST(flood_faults, encoded_body_has_content_encoding) {
  std::string broken = gzip(sample_page);
  broken[broken.size() / 2] = static_cast<char>(~broken[broken.size() / 2]);
  const struct {
    const char* fault;
    const char* encoding;
    std::string body;
  } cases[] = {{"unasked_gzip", "gzip", gzip(sample_page)},
               {"broken_gzip", "gzip", broken},
               {"nested_gzip_bomb", "gzip, gzip", nested_zero_bomb()}};
  for (const auto& [fault, encoding, body] : cases) {
    const faulty_site site{std::string{fault} + ":100%"};
    raw_client raw = site.client();
    site.send_search(raw);
    const std::string expected = fmt::format("{}Content-Encoding: {}\r\nContent-Length: {}\r\n\r\n{}",
                                             scripted_head, encoding, body.size(), body);
    EXPECT_EQ(raw.receive_exactly(expected.size()), expected) << fault;
  }
}

}  // namespace
}  // namespace farebench
