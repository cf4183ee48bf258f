// Faults of the connection, as a client observes them on its socket.

#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <system_error>
#include <thread>

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
using testing::IsEmpty;
using testing::StartsWith;

const std::string head = "HTTP/1.1 200 \r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: " +
                         std::to_string(page.size()) + "\r\n\r\n";

struct seen {
  std::string bytes;
  bool was_reset;
};

seen search_with(std::string_view fault) {
  const faulty_site site{std::string{fault} + ":100%"};
  raw_client raw = site.client();
  site.ask_search(raw);
  std::string bytes = raw.receive_all();
  return {std::move(bytes), raw.was_reset()};
}

TEST(connection_faults, close_with_and_without_a_reset_after_so_many_bytes) {
  const struct {
    const char* fault;
    std::string bytes;
    bool was_reset;
  } cases[] = {
      {"empty_reply", "", false},
      {"reset_before_headers", "", true},
      {"reset_in_headers", head.substr(0, head.size() / 2), true},
      {"reset_after_headers", head, true},
      {"reset_mid_body", head + page.substr(0, page.size() / 2), true},
      {"reset_after_answer", head + page, true},
      {"close_in_headers", head.substr(0, head.size() / 2), false},
      {"close_after_answer", head + page, false},
      {"refuse", "", true},
  };
  for (const auto& expected : cases) {
    const seen found = search_with(expected.fault);
    EXPECT_EQ(found.bytes, expected.bytes) << expected.fault;
    EXPECT_EQ(found.was_reset, expected.was_reset) << expected.fault;
  }
}

TEST(connection_faults, meet_the_start_page_too) {
  const faulty_site site{"reset_mid_body:100%"};
  raw_client raw = site.client();
  site.ask_start(raw);
  EXPECT_THAT(raw.receive_all(), HasSubstr("Set-Cookie: JSESSIONID="));
  EXPECT_TRUE(raw.was_reset());
}

TEST(connection_faults, reset_a_slow_reader_only_when_it_has_the_bytes) {
  constexpr std::size_t page_kb = 1024;
  const std::string large = results_page(query_on_day(0), page_kb);
  fault_plan plan{.until_attempt = 1};
  plan.rates.set(fault_kind::reset_mid_body, fault_rates::max_rate);
  const faulty_site site{plan, 0ns, page_kb, {}};
  raw_client raw = site.client();
  site.ask_search(raw);
  ASSERT_TRUE(raw.wait_readable(20s));
  site.run_engine();
  EXPECT_THAT(raw.receive_all(), EndsWith(large.substr(0, large.size() / 2)));
  EXPECT_TRUE(raw.was_reset());
}

// The server sends nothing, reads on, and releases the connection when the client closes it.
TEST(connection_faults, hold_the_connection_without_a_response) {
  faulty_site site{"never_answer:100%"};
  {
    raw_client raw = site.client();
    site.ask_search(raw);
    raw.send(std::string(100'000, 'x'));
    site.run_engine();
    raw.close_sending();
    EXPECT_THAT(raw.receive_all(), IsEmpty());
    EXPECT_FALSE(raw.was_reset());
  }
  EXPECT_EQ(site.engine().stats().in_flight, 0u);
}

TEST(connection_faults, dribble_as_long_as_the_client_stays) {
  for (const auto& [fault, start] : {std::pair{"dribble_headers", std::string{"X-Slow: "}},
                                     std::pair{"dribble_body", "\r\n\r\n" + page.substr(0, 100)}}) {
    const faulty_site site{std::string{fault} + ":100%"};
    raw_client raw = site.client();
    // Measured from before the request, so that a delay of this thread cannot shorten it.
    const auto began = clock::now();
    site.ask_search(raw);
    const std::string first = raw.receive_until(start);
    EXPECT_THAT(first, StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(first, EndsWith(start));
    EXPECT_EQ(raw.receive_exactly(4).size(), 4u);
    EXPECT_GE(clock::now() - began, 150ms) << "a byte every 50 ms";
  }
}

TEST(connection_faults, delay_the_response) {
  fault_plan plan{.until_attempt = 1};
  plan.rates.set(fault_kind::late_response, fault_rates::max_rate);
  for (const auto& [latency, late] : {std::pair{0ms, 200ms}, std::pair{30ms, 300ms}}) {
    const faulty_site site{plan, latency, 3, {}};
    const std::string cookie = site.session();
    raw_client raw = site.client();
    const auto began = clock::now();
    raw.send(faulty_site::search_request(0, 1, cookie));
    EXPECT_THAT(raw.receive_response(), EndsWith(page));
    EXPECT_GE(clock::now() - began, late);
  }
}

// The kernel refuses on the server's behalf; then the port is the server's again. A round in which this
// thread comes too late to be refused is made again.
TEST(connection_faults, refuse_new_connections_for_a_while) {
  const faulty_site site{"refuse:100%"};
  raw_client kept = site.client();
  const auto deadline = clock::now() + 60s;
  int refused_rounds = 0;
  for (int day = 0; refused_rounds < 5 && clock::now() < deadline; ++day) {
    raw_client raw = site.client();
    site.ask_search(raw, day);
    EXPECT_THAT(raw.receive_all(), IsEmpty());
    EXPECT_TRUE(raw.was_reset());
    bool was_refused = false;
    for (bool is_open = false; !is_open && clock::now() < deadline;) {
      try {
        const raw_client another = site.client();
        is_open = true;
      } catch (const std::system_error& failed) {
        EXPECT_EQ(failed.code(), std::errc::connection_refused);
        was_refused = true;
        std::this_thread::sleep_for(1ms);
      }
    }
    refused_rounds += was_refused;
    kept.send(faulty_site::start_request(day, 2));
    EXPECT_THAT(kept.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n")) << "others keep theirs";
  }
  EXPECT_EQ(refused_rounds, 5);
}

TEST(connection_faults, keep_a_connection_after_a_whole_response) {
  const faulty_site site{"malformed_html:50%,status_503:50%"};
  const std::string cookie = site.session();
  raw_client raw = site.client();
  for (int day = 0; day < 20; ++day) {
    raw.send(faulty_site::search_request(day, 1, cookie) + faulty_site::search_request(day, 2, cookie));
    EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 "));
    EXPECT_THAT(raw.receive_response(), EndsWith(results_page(query_on_day(day), 3)));
  }
}

}  // namespace
}  // namespace farebench
