// Responses without an end, as a client observes them on its socket. They end when the client closes, and
// neither fill the memory of the server nor delay other clients.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>
#include <thread>
#include <vector>

#include "lib/system/process_stats.hpp"
#include "mock_server/faults/fault_effects.hpp"
#include "mock_server/site/results_page.hpp"
#include "tests/mock_server/faults/faulty_site.hpp"
#include "tests/mock_server/faults/one_page.hpp"
#include "tests/mock_server/site/queries.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t plenty_bytes = 4 << 20;

struct endless_fault {
  const char* name;
  std::string start;
  std::string again;  // repeated from then on
};

const endless_fault endless_faults[] = {
    {"flood_1xx", "", "HTTP/1.1 103 Early Hints\r\nLink: </m/style.css>; rel=preload\r\n\r\n"},
    {"header_bomb", begin_of_head, "X-Bomb: tick tick tick tick tick tick\r\n"},
    {"huge_body", begin_of_head + "Connection: close\r\n\r\n", "<p>Jedeme dál.</p>\n"},
    {"huge_chunked_body", begin_of_head + "Transfer-Encoding: chunked\r\n\r\n1ff4\r\n",
     "<p>Jedeme dál.</p>\n"},
};

TEST(flood_faults, continue_as_long_as_the_client_reads) {
  for (const endless_fault& flood : endless_faults) {
    const faulty_site site{std::string{flood.name} + ":100%"};
    raw_client raw = site.client();
    site.ask_search(raw);
    const std::string bytes = raw.receive_at_least(plenty_bytes);
    ASSERT_GE(bytes.size(), plenty_bytes) << flood.name;
    EXPECT_THAT(bytes.substr(0, 1000), StartsWith(flood.start + flood.again + flood.again)) << flood.name;
    EXPECT_THAT(bytes.substr(bytes.size() - 1000), HasSubstr(flood.again)) << flood.name;
  }
}

TEST(flood_faults, end_when_the_client_closes) {
  for (const char* fault : {"flood_1xx", "header_bomb", "huge_body", "huge_chunked_body", "gzip_bomb",
                            "huge_header_line", "dribble_headers", "dribble_body", "never_answer"}) {
    const faulty_site site{std::string{fault} + ":100%"};
    const auto before = open_resources();
    {
      std::vector<raw_client> clients;
      for (int i = 0; i < 10; ++i) {
        clients.push_back(site.client());
        site.ask_search(clients.back());
      }
      site.run_engine();
    }
    const auto deadline = clock::now() + 20s;
    while (open_resources().descriptors > before.descriptors && clock::now() < deadline) {
      std::this_thread::sleep_for(1ms);
    }
    EXPECT_LE(open_resources().descriptors, before.descriptors) << fault;
  }
}

TEST(flood_faults, do_not_delay_other_clients) {
  const faulty_site site{"huge_body:25%,flood_1xx:25%,dribble_body:25%,never_answer:25%"};
  const std::string cookie = site.session();
  std::vector<std::jthread> drinkers;
  drinkers.reserve(16);
  for (int day = 0; day < 16; ++day) {
    drinkers.emplace_back([&site, &cookie, day](const std::stop_token& stop) {
      raw_client raw = site.client();
      raw.send(faulty_site::search_request(day, 1, cookie));
      while (!stop.stop_requested()) {
        if (raw.wait_readable(10ms)) raw.receive_at_least(1);
      }
    });
  }
  raw_client good = site.client();
  for (int day = 0; day < 200; ++day) {
    good.send(faulty_site::search_request(day, 2, cookie));
    ASSERT_THAT(good.receive_response(), EndsWith(results_page(query_on_day(day), 3)));
  }
}

TEST(flood_faults, block_only_the_client_that_does_not_read) {
  const faulty_site site{"huge_body:100%"};
  raw_client silent = site.client();
  site.ask_search(silent);
  ASSERT_TRUE(silent.wait_readable(20s));
  // Each round trip lets the engine send at least one more block, 8 MiB in all: more than the sockets hold.
  site.run_engine(1'000);
  raw_client good = site.client();
  good.send(faulty_site::start_request(0, 2));
  EXPECT_THAT(good.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(flood_faults, send_a_header_of_eight_megabytes_and_then_the_page) {
  const faulty_site site{"huge_header_line:100%"};
  raw_client raw = site.client();
  site.ask_search(raw);
  const std::string before =
      begin_of_head + "Content-Length: " + std::to_string(page.size()) + "\r\nX-Huge: ";
  const std::string after = "\r\n\r\n" + page;
  EXPECT_EQ(raw.receive_exactly(before.size()), before);
  EXPECT_EQ(raw.receive_exactly(8 << 20), std::string(8 << 20, 'x'));
  EXPECT_EQ(raw.receive_exactly(after.size()), after);
}

TEST(flood_faults, send_a_gzip_bomb_of_the_announced_length) {
  const zero_bomb& bomb = large_zero_bomb();
  const faulty_site site{"gzip_bomb:100%"};
  raw_client raw = site.client();
  site.ask_search(raw);
  EXPECT_EQ(raw.receive_until("\r\n\r\n"), begin_of_head + "Content-Encoding: gzip\r\nContent-Length: " +
                                               std::to_string(bomb.bytes()) + "\r\n\r\n");
  const std::string bytes = raw.receive_exactly(bomb.bytes());
  EXPECT_EQ(bytes.size(), bomb.bytes());
  EXPECT_THAT(bytes.substr(0, 4096), StartsWith(bomb.start + bomb.block));
  EXPECT_THAT(bytes.substr(bytes.size() - 4096), EndsWith(bomb.block + bomb.end));
}

TEST(flood_faults, send_encoded_bodies_with_content_encoding) {
  std::string broken = gzip(page);
  broken[broken.size() / 2] = static_cast<char>(~broken[broken.size() / 2]);
  const struct {
    const char* fault;
    const char* encoding;
    std::string body;
  } cases[] = {{"unasked_gzip", "gzip", gzip(page)},
               {"broken_gzip", "gzip", broken},
               {"nested_gzip_bomb", "gzip, gzip", nested_zero_bomb()}};
  for (const auto& [fault, encoding, body] : cases) {
    const faulty_site site{std::string{fault} + ":100%"};
    raw_client raw = site.client();
    site.ask_search(raw);
    const std::string expected = fmt::format("{}Content-Encoding: {}\r\nContent-Length: {}\r\n\r\n{}",
                                             begin_of_head, encoding, body.size(), body);
    EXPECT_EQ(raw.receive_exactly(expected.size()), expected) << fault;
  }
}

}  // namespace
}  // namespace farebench
