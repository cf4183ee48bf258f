// Faults and their log, as the Beast engine applies them.

#include "mock_server/faults/fault_injection.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "mock_server/faults/fault_effects.hpp"
#include "mock_server/faults/fault_plan.hpp"
#include "mock_server/site/numbered_page.hpp"
#include "mock_server/site/results_page.hpp"
#include "tests/mock_server/faulty_site.hpp"
#include "tests/mock_server/samples.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

fault_plan plan_of(std::string_view faults, std::uint32_t until = fault_plan::no_limit) {
  return {.rates = *parse_faults(faults), .seed = 7, .until_attempt = until};
}

std::string response_to(const faulty_site& site, const std::string& request) {
  raw_client raw = site.client();
  raw.send(request);
  return raw.receive_response();
}

TEST(fault_injection, counted_request_gives_one_log_line) {
  const log_file log;
  const faulty_site site{"status_503:100%", log.path()};
  // Tagged as attempt 2.
  const std::string cookie = site.session();
  response_to(site, start_request(1, 1));
  response_to(site, search_request(2, 1, cookie));
  response_to(site, search_request(2, 2, cookie));
  response_to(site, search_request(2, 3, "JSESSIONID=none"));
  response_to(site, start_request(0, 0));
  response_to(site, search_request(3, 0, cookie));
  response_to(site, search_request(3, 0, cookie));
  response_to(site, search_request(3, 0, "JSESSIONID=none"));
  response_to(site, "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
  response_to(site, "GET /stats HTTP/1.1\r\nHost: x\r\n\r\n");
  response_to(site, "hello\r\n\r\n");
  EXPECT_THAT(
      log.lines(),
      ElementsAre(
          R"({"date":"2026-01-01","session":0,"step":1,"attempt":2,"fault":null,"status":200})",
          R"({"date":"2026-01-02","session":1,"step":1,"attempt":1,"fault":"status_503","status":503})",
          R"({"date":"2026-01-03","session":0,"step":2,"attempt":1,"fault":"status_503","status":503})",
          R"({"date":"2026-01-03","session":0,"step":2,"attempt":2,"fault":null,"status":200})",
          R"({"date":"2026-01-03","step":2,"attempt":3,"fault":null,"status":403})",
          R"({"date":null,"session":2,"step":1,"attempt":1,"fault":"status_503","status":503})",
          R"({"date":"2026-01-04","session":0,"step":2,"attempt":1,"fault":"status_503","status":503})",
          R"({"date":"2026-01-04","session":0,"step":2,"attempt":2,"fault":null,"status":200})",
          R"({"date":null,"step":2,"attempt":null,"fault":null,"status":403})",
          R"({"date":null,"step":null,"attempt":null,"fault":null,"status":404})",
          R"({"date":null,"step":null,"attempt":null,"fault":null,"status":400})"));
}

TEST(fault_injection, log_has_the_status_that_is_sent) {
  const std::pair<const char*, const char*> cases[] = {
      {"refuse", "null"},
      {"never_answer", "null"},
      {"reset_before_headers", "null"},
      {"reset_in_headers", "200"},
      {"reset_mid_body", "200"},
      {"http09_junk", "null"},
      {"switching_protocols", "101"},
      {"flood_1xx", "null"},
      {"gzip_bomb", "200"},
      {"redirect_to_file", "302"},
      {"retry_after_date", "429"},
      {"expired_session", "403"},
      {"error_page", "200"},
      {"mis_encoded_html", "200"},
  };
  for (const auto& [fault, status] : cases) {
    const log_file log;
    const faulty_site site{std::string{fault} + ":100%", log.path()};
    raw_client raw = site.client();
    site.send_search(raw);
    const auto lines = log.wait_for_lines(2);
    ASSERT_EQ(lines.size(), 2u) << fault;
    EXPECT_EQ(lines.back(), R"({"date":"2026-01-01","session":0,"step":2,"attempt":1,"fault":")" +
                                std::string{fault} + R"(","status":)" + status + "}");
  }
}

TEST(fault_injection, same_seed_gives_same_faults_in_any_order) {
  const auto logged_lines = [](bool is_backwards, std::uint64_t seed) {
    const log_file log;
    fault_plan plan = plan_of("status_503:30%,malformed_html:30%,flapping_5xx:20%,reset_mid_body:10%", 3);
    plan.seed = seed;
    const faulty_site site{{.plan = plan, .log = log.path()}};
    const std::string cookie = session_in(response_to(site, start_request(0, 4)));
    for (int i = 0; i < 40; ++i) {
      const int day = is_backwards ? 39 - i : i;
      for (const int attempt : {1, 2, 3}) {
        response_to(site, start_request(day, attempt));
        response_to(site, search_request(day, attempt, cookie));
      }
    }
    auto lines = log.lines();
    // The session's ordinal depends on the order.
    for (auto& line : lines) {
      const auto session = line.find("\"session\":");
      if (session != std::string::npos) line.erase(session, line.find(',', session) + 1 - session);
    }
    std::ranges::sort(lines);
    return lines;
  };
  const auto forwards = logged_lines(false, 7);
  EXPECT_EQ(forwards.size(), 241u);
  EXPECT_EQ(forwards, logged_lines(true, 7));
  EXPECT_NE(forwards, logged_lines(false, 8));
}

TEST(fault_injection, logged_faults_are_those_of_the_plan) {
  const log_file log;
  const fault_plan plan = plan_of("status_503:30%,status_404:20%", 2);
  const faulty_site site{{.plan = plan, .log = log.path()}};
  std::vector<std::string> expected;
  for (int day = 0; day < 50; ++day) {
    for (const std::uint32_t attempt : {1u, 2u, 3u}) {
      response_to(site, start_request(day, static_cast<int>(attempt)));
      const auto fault =
          plan.fault_at({.date = query_on_day(day).date, .session = {}, .step = 1, .attempt = attempt});
      expected.push_back(fault ? "\"" + std::string{to_string(*fault)} + "\"" : "null");
      EXPECT_EQ(fault.has_value() && attempt == 3, false);
    }
  }
  const auto lines = log.lines();
  ASSERT_EQ(lines.size(), expected.size());
  for (std::size_t i = 0; i < lines.size(); ++i)
    EXPECT_THAT(lines[i], HasSubstr("\"fault\":" + expected[i] + ","));
}

TEST(fault_injection, page_always_meets_the_fault_of_its_number) {
  const log_file log;
  const fault_plan plan = plan_of("status_500:20%,truncated_body:20%,reset_mid_body:20%", 1);
  const faulty_site site{{.plan = plan, .log = log.path()}};
  std::vector<std::string> expected;
  const std::string tag = "X-Scrape: 2026-03-01/2\r\n";
  for (std::uint32_t number = 0; number < 30; ++number) {
    const auto fault = plan.fault_at_page(number);
    const std::string name = fault ? '"' + std::string{to_string(*fault)} + '"' : "null";
    const std::string request = fmt::format("GET /page/{} HTTP/1.1\r\nHost: x\r\n", number);
    for (const std::string& field : {std::string{}, tag}) {
      const std::string response = response_to(site, request + field + "\r\n");
      const bool is_complete = response.ends_with(page_body(number, 3));
      EXPECT_EQ(is_complete, !fault) << number;
      const bool is_refused = fault == fault_kind::status_500;
      EXPECT_THAT(response, StartsWith(is_refused ? "HTTP/1.1 500 " : "HTTP/1.1 200 "));
      expected.push_back(
          fmt::format(R"({{"date":null,"page":{},"step":null,"attempt":1,"fault":{},"status":{}}})", number,
                      name, is_refused ? 500 : 200));
    }
  }
  EXPECT_EQ(log.lines(), expected);
}

TEST(fault_injection, repeated_request_meets_the_same_fault) {
  const faulty_site site{{.plan = plan_of("flapping_5xx:100%")}};
  for (int day = 0; day < 20; ++day) {
    const std::string request = start_request(day, 1);
    EXPECT_EQ(response_to(site, request), response_to(site, request));
  }
}

TEST(fault_injection, untagged_searches_count_attempts_by_date) {
  const faulty_site site{{.plan = plan_of("status_503:100%", 2)}};
  const std::string cookie = session_in(response_to(site, start_request(0, 3)));
  for (const int day : {0, 1, 2}) {
    const std::string request = search_request(day, 0, cookie);
    EXPECT_THAT(response_to(site, request), StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(response_to(site, request), StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(response_to(site, request), EndsWith(results_page(query_on_day(day), 3)));
  }
}

TEST(fault_injection, reset_counts_attempts_from_1_again) {
  const faulty_site site{{.plan = plan_of("status_503:100%", 1)}};
  for (int run = 0; run < 2; ++run) {
    const std::string request = search_request(0, 0, site.session());
    EXPECT_THAT(response_to(site, request), StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(response_to(site, request), StartsWith("HTTP/1.1 200 "));
    raw_client raw = site.client();
    raw.send("DELETE /stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string response = raw.receive_all();
    EXPECT_THAT(response, StartsWith("HTTP/1.1 204 No Content\r\n"));
    EXPECT_THAT(response, Not(HasSubstr("Content-Length")));
  }
}

TEST(fault_injection, expired_session_ends_only_its_own_session) {
  const faulty_site site{"expired_session:100%"};
  const std::string first = site.session();
  const std::string second = site.session();
  EXPECT_THAT(response_to(site, search_request(0, 1, first)), StartsWith("HTTP/1.1 403 Forbidden\r\n"));
  EXPECT_THAT(response_to(site, search_request(0, 2, first)), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(response_to(site, search_request(0, 2, second)), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(response_to(site, search_request(0, 2, site.session())), StartsWith("HTTP/1.1 200 "));
}

TEST(fault_injection, redirect_loop_redirects_its_own_target) {
  const faulty_site site{"redirect_loop:100%"};
  const std::string location = "Location: " + std::string{redirect_target} + "\r\n";
  EXPECT_THAT(response_to(site, start_request(0, 1)), HasSubstr(location));
  const std::string follow = "GET " + std::string{redirect_target} + " HTTP/1.1\r\nHost: x\r\n";
  EXPECT_THAT(response_to(site, follow + "\r\n"), StartsWith("HTTP/1.1 302 Found\r\n"));
  EXPECT_THAT(response_to(site, follow + "X-Scrape: 2026-01-01/5\r\n\r\n"), HasSubstr(location));
}

TEST(fault_injection, head_request_meets_no_fault) {
  const faulty_site site{{.plan = plan_of("empty_reply:100%")}};
  for (const char* target : {"/m/", "/page/17"}) {
    EXPECT_THAT(
        response_to(site, fmt::format("HEAD {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", target)),
        StartsWith("HTTP/1.1 200 OK\r\n"));
  }
}

TEST(fault_injection, invalid_tag_gives_400_and_is_not_quoted) {
  const log_file log;
  const faulty_site site{"refuse:0%", log.path()};
  for (const char* tag :
       {"tomorrow", "2026-01-01", "2026-01-01/0", "<script>alert(1)</script>", "\"},{\"x\":\""}) {
    const std::string response =
        response_to(site, "GET /m/ HTTP/1.1\r\nHost: x\r\nX-Scrape: " + std::string{tag} + "\r\n\r\n");
    EXPECT_THAT(response, StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(response, Not(HasSubstr(tag)));
    EXPECT_EQ(log.lines().back(), R"({"date":null,"step":1,"attempt":null,"fault":null,"status":400})");
  }
}

TEST(fault_injection, stats_have_the_faults) {
  faulty_site site{"status_503:0.5%,refuse:2%"};
  EXPECT_EQ(site.engine().stats().faults, "refuse:2%,status_503:0.5%");
}

TEST(fault_injection, engine_without_faults_ignores_tags) {
  site tickets{3};
  const auto engine = make_event_engine(tickets, {});
  raw_client raw{engine->port()};
  raw.send("GET /m/ HTTP/1.1\r\nHost: x\r\nX-Scrape: tomorrow\r\n\r\n");
  EXPECT_THAT(raw.receive_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(fault_injection, httplib_engine_refuses_faults) {
  site tickets{3};
  EXPECT_THROW(make_httplib_engine(tickets, {.faults = fault_settings{}}), std::invalid_argument);
}

TEST(fault_injection, unwritable_log_throws) {
  EXPECT_THROW(faulty_site("refuse:1%", "/nonexistent/folder/log"), std::system_error);
}

TEST(fault_log, second_server_appends_to_the_log) {
  const log_file log;
  for (int run = 0; run < 2; ++run) {
    const faulty_site site{"refuse:0%", log.path()};
    response_to(site, start_request(run, 1));
  }
  EXPECT_EQ(log.lines().size(), 2u);
}

TEST(fault_log, line_cut_by_a_kill_stays_alone) {
  const log_file log;
  std::ofstream{log.path()} << "{\"date\":null}\n{\"date\":\"2026";
  const faulty_site site{"refuse:0%", log.path()};
  response_to(site, start_request(0, 1));
  const auto lines = log.lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[1], "{\"date\":\"2026");
  EXPECT_THAT(lines[2], StartsWith("{\"date\":\"2026-01-01\""));
}

}  // namespace
}  // namespace farebench
