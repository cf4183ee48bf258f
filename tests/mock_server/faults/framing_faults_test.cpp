// Faults of the framing, as a client observes them on its socket. The expected bytes are written out in full,
// independently of the code that makes them.

#include <gmock/gmock.h>

#include <string>

#include "mock_server/faults/fault_effects.hpp"
#include "mock_server/site/results_page.hpp"
#include "mock_server/site/timetable.hpp"
#include "tests/mock_server/faults/faulty_site.hpp"
#include "tests/mock_server/faults/one_page.hpp"
#include "tests/mock_server/site/libxml2_fares.hpp"
#include "tests/mock_server/site/queries.hpp"

namespace farebench {
namespace {

using testing::EndsWith;
using testing::StartsWith;

const std::string half = page.substr(0, page.size() / 2);
const std::string rest = page.substr(page.size() / 2);

std::string in_hex(std::size_t number) {
  char text[20];
  return {text, static_cast<std::size_t>(std::snprintf(text, sizeof text, "%zx", number))};
}

std::string length(std::size_t bytes) { return "Content-Length: " + std::to_string(bytes) + "\r\n"; }

TEST(framing_faults, frame_the_page_wrongly_and_close) {
  const std::size_t cut = cut_position(page);
  const std::string chunked =
      begin_of_head + "Transfer-Encoding: chunked\r\n\r\n" + in_hex(half.size()) + "\r\n" + half + "\r\n";
  const std::pair<const char*, std::string> cases[] = {
      {"truncated_body", begin_of_head + length(page.size()) + "\r\n" + half},
      {"cut_between_rows", begin_of_head + "Connection: close\r\n\r\n" + page.substr(0, cut)},
      {"length_too_large", begin_of_head + length(page.size() + 100) + "\r\n" + page},
      {"two_lengths", begin_of_head + length(page.size()) + length(cut) + "\r\n" + page},
      {"negative_length", begin_of_head + "Content-Length: -1\r\n\r\n" + page},
      {"length_not_a_number", begin_of_head + "Content-Length: many\r\n\r\n" + page},
      {"length_overflow", begin_of_head + "Content-Length: 18446744073709551617\r\n\r\n" + page},
      {"length_and_chunked", begin_of_head + length(cut) + "Transfer-Encoding: chunked\r\n\r\n" +
                                 in_hex(page.size()) + "\r\n" + page + "\r\n0\r\n\r\n"},
      {"bad_chunk_size", chunked + "xyz\r\n" + rest + "\r\n0\r\n\r\n"},
      {"huge_chunk_size", chunked + "fffffffffffffffff\r\n" + rest + "\r\n0\r\n\r\n"},
      {"cut_chunks", begin_of_head + "Transfer-Encoding: chunked\r\n\r\n" + in_hex(cut) + "\r\n" +
                         page.substr(0, cut) + "\r\n"},
      {"http09_junk", page},
      {"bad_version",
       "HTTP/7.3 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n" + length(page.size()) + "\r\n" + page},
      {"switching_protocols",
       "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: farebench/1\r\n\r\n" + page},
  };
  for (const auto& [fault, bytes] : cases) {
    const faulty_site site{std::string{fault} + ":100%"};
    raw_client raw = site.client();
    site.ask_search(raw);
    EXPECT_EQ(raw.receive_all(), bytes) << fault;
    EXPECT_FALSE(raw.was_reset()) << fault;
  }
}

TEST(framing_faults, frame_the_page_wrongly_and_go_on) {
  const std::string nul{"X-Nul: a\0b\r\n", 12};
  const std::pair<const char*, std::string> cases[] = {
      {"length_too_small", begin_of_head + length(cut_position(page)) + "\r\n" + page},
      {"nul_in_header", begin_of_head + nul + length(page.size()) + "\r\n" + page},
  };
  for (const auto& [fault, bytes] : cases) {
    const faulty_site site{std::string{fault} + ":100%"};
    raw_client raw = site.client();
    site.ask_search(raw);
    EXPECT_EQ(raw.receive_exactly(bytes.size()), bytes) << fault;
    raw.send(faulty_site::start_request(0, 2));
    EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
}

TEST(framing_faults, send_a_second_response_with_other_fares) {
  const faulty_site site{"unsolicited_response:100%"};
  for (const bool is_search : {true, false}) {
    raw_client raw = site.client();
    is_search ? site.ask_search(raw) : site.ask_start(raw);
    EXPECT_THAT(raw.receive_response(), EndsWith(is_search ? page : "</html>\n"));
    const std::string second = raw.receive_response();
    EXPECT_THAT(second, StartsWith(begin_of_head));
    const auto fares = libxml2_fares(second.substr(second.find("\r\n\r\n")));
    EXPECT_FALSE(fares.empty());
    EXPECT_NE(fares, timetable(query_on_day(0), 3));
  }
}

// So that only the page's missing end, or its length, tells that fares are missing.
TEST(framing_faults, cut_pages_between_two_rows) {
  for (const std::size_t page_kb : {2u, 3u, 10u, 94u}) {
    for (int day = 0; day < 20; ++day) {
      const auto all = timetable(query_on_day(day), page_kb);
      const std::string whole = results_page(query_on_day(day), page_kb);
      const auto some = libxml2_fares(whole.substr(0, cut_position(whole)));
      EXPECT_EQ(some, std::vector(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2)));
    }
  }
}

}  // namespace
}  // namespace farebench
