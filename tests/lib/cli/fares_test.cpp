// The fares command as its users meet it.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/cli/fares/output.hpp"
#include "mock_server/site/timetable.hpp"
#include "tests/support/run_command.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench {
namespace {

using testing::HasSubstr;

/// Runs bin/fares with arguments as a shell reads them.
test::finished_command fares(const std::string& arguments) {
  return test::run_command(fmt::format("{}/fares {}", FAREBENCH_BIN_DIR, arguments));
}

constexpr const char* route = "--from ID10202003 --to ID10202002 --first-date 2026-03-01 ";

std::ptrdiff_t lines(const std::string& text) { return std::ranges::count(text, '\n'); }

TEST(fares_command, without_a_url_scrapes_the_embedded_server) {
  for (const char* strategy : {"sequential", "thread_pool", "multi_socket"}) {
    const auto run =
        fares(fmt::format("{} --days 5 --workers 3 --format json --strategy {}", route, strategy));
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    const auto days = nlohmann::json::parse(run.output);
    ASSERT_EQ(days.size(), 5u);
    for (std::size_t i = 0; i < days.size(); ++i) {
      const query asked{"ID10202003", "ID10202002", std::chrono::year{2026} / 3 / static_cast<int>(i + 1)};
      EXPECT_EQ(days[i]["date"], fmt::format("2026-03-{:02}", i + 1)) << "in the order of their dates";
      EXPECT_EQ(days[i]["fares"].size(), timetable(asked, 3).size());
    }
  }
}

TEST(fares_command, prints_a_table_unless_told_otherwise) {
  const auto run = fares(fmt::format("{} --days 2", route));
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.output, testing::StartsWith("date        departure  arrival"));
  EXPECT_THAT(run.output, HasSubstr("\n2026-03-02  "));
  EXPECT_EQ(run.errors.find('\r'), std::string::npos) << "no progress line where there is no terminal";
}

TEST(fares_command, exits_with_1_and_a_line_a_day_when_days_fail) {
  const auto run = fares(fmt::format("{} --days 3 --format csv --url {}", route, test::url_of_closed_port()));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.errors, HasSubstr("2026-03-02: connect_failed"));
  EXPECT_THAT(run.errors, HasSubstr("3 of 3 days failed"));
  EXPECT_EQ(lines(run.output), 1) << "the header alone";
}

TEST(fares_command, keeps_the_days_that_came_home_when_others_fail) {
  const test::stub_server site{[](const std::string& request) -> test::stub_answer {
    if (request.ends_with("departure=02.03.26")) return {.bytes = test::http_response(500, "", "")};
    if (request.starts_with("POST")) {
      return {.bytes = test::http_response(200, "", "<p class=select-line>7:05 10:40 Relax 1 249 CZK</p>")};
    }
    return {.bytes = test::http_response(200, "Set-Cookie: JSESSIONID=1; Path=/\r\n", "")};
  }};
  const auto run = fares(fmt::format("{} --days 3 --format csv --url {}", route, site.url()));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.output, HasSubstr("2026-03-01,07:05"));
  EXPECT_THAT(run.output, HasSubstr("2026-03-03,07:05"));
  EXPECT_THAT(run.errors, HasSubstr("2026-03-02: unexpected_status"));
}

TEST(fares_command, refuses_bad_flags_in_one_line_with_exit_code_2) {
  for (const char* bad :
       {"--days 0", "--days many", "--strategy pigeon", "--workers 0", "--format xml",
        "--first-date 1.3.2026", "--first-date 2026-02-30", "--first-date 2099-12-31", "--timeout 0",
        "--timeout 5", "--url ftp://x", "--nonsense", "stray", "--from ''"}) {
    const auto run = fares(fmt::format("{} {}", route, bad));
    EXPECT_EQ(run.exit_code, 2) << bad << ": " << run.errors;
    EXPECT_EQ(lines(run.errors), 1) << bad << ": " << run.errors;
    EXPECT_EQ(run.output, "") << bad;
  }
  EXPECT_EQ(fares("").exit_code, 2);
}

TEST(fares_command, takes_more_workers_than_the_embedded_server_could_have_threads) {
  const auto run = fares(fmt::format("{} --days 600 --workers 600 --format csv", route));
  EXPECT_EQ(run.exit_code, 0) << run.errors;
}

TEST(fares_command, ends_as_it_would_when_standard_error_cannot_be_written) {
  for (const char* errors : {"2>&-", "2>/dev/full"}) {
    EXPECT_EQ(fares(fmt::format("{} --days 2 {}", route, errors)).exit_code, 0) << errors;
    EXPECT_EQ(fares(fmt::format("{} --days 0 {}", route, errors)).exit_code, 2) << errors;
  }
}

TEST(fares_command, shows_examples_first) {
  const auto run = fares("--help");
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.output, testing::StartsWith("Examples:"));
}

TEST(fares_command, says_when_its_output_cannot_be_written) {
  const auto run = fares(fmt::format("{} --days 3 >/dev/full", route));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.errors, HasSubstr("standard output cannot be written"));
}

}  // namespace
}  // namespace farebench
