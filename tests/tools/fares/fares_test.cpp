// The fares command as its users meet it.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <thread>

#include "lib/system/child_process.hpp"
#include "mock_server/site/timetable.hpp"
#include "tests/support/run_command.hpp"
#include "tests/support/stub_server.hpp"
#include "tools/fares/fares.hpp"

namespace farebench {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Runs bin/fares with arguments as a shell reads them.
test::finished_command fares(const std::string& arguments) {
  return test::run_command(fmt::format("{}/fares {}", FAREBENCH_BIN_DIR, arguments));
}

constexpr const char* route = "--from ID10202003 --to ID10202002 --first-date 2026-03-01 ";

std::string page() { return test::page_with("<p class=select-line>7:05 10:40 Relax 1 249 CZK</p>"); }

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
      return {.bytes = test::http_response(200, "", page())};
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
  for (const char* bad : {"--days 0", "--days many", "--strategy pigeon", "--workers 0", "--format xml",
                          "--first-date 1.3.2026", "--first-date 2026-02-30", "--first-date 2099-12-31",
                          "--timeout 0", "--timeout 5", "--attempts 0", "--attempts 101", "--deadline 0",
                          "--deadline soon", "--url ftp://x", "--nonsense", "stray", "--from ''"}) {
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

TEST(fares_command, makes_so_many_attempts_as_it_is_told) {
  for (const std::size_t attempts : {1u, 2u}) {
    std::atomic<int> asked = 0;
    const test::stub_server site{[&](const std::string&) {
      ++asked;
      return test::stub_answer{.bytes = test::http_response(503, "", "")};
    }};
    const auto run = fares(fmt::format("{} --days 3 --attempts {} --url {}", route, attempts, site.url()));
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_EQ(static_cast<std::size_t>(asked), 3 * attempts);
  }
}

class fares_file : public testing::Test {
 protected:
  fares_file() {
    std::string pattern = std::filesystem::temp_directory_path() / "farebench-fares-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~fares_file() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path path() const { return folder_ / "fares"; }
  std::string content() const {
    std::ifstream in{path()};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  std::filesystem::path folder_;
};

TEST_F(fares_file, holds_what_standard_output_would) {
  const auto run = fares(fmt::format("{} --days 2 --format csv --out {}", route, path().string()));
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_EQ(run.output, "");
  EXPECT_EQ(content(), fares(fmt::format("{} --days 2 --format csv", route)).output);
}

TEST_F(fares_file, that_cannot_be_written_is_said_before_anything_is_asked) {
  std::atomic<int> asked = 0;
  const test::stub_server site{[&](const std::string&) {
    ++asked;
    return test::stub_answer{.bytes = test::http_response(404, "", "")};
  }};
  const auto run =
      fares(fmt::format("{} --days 2 --url {} --out {}/no/such", route, site.url(), folder_.string()));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(lines(run.errors), 1) << run.errors;
  EXPECT_EQ(asked, 0);
}

/// fares at a site that answers the first two days (a worker: one after the other) and then only when `late`
/// says so; interrupted once two are done.
class fares_interrupted : public fares_file {
 protected:
  child_process start(const std::string& format) {
    return child_process{{.executable = std::filesystem::path{FAREBENCH_BIN_DIR} / "fares",
                          .arguments = {"--from", "ID10202003", "--to", "ID10202002", "--first-date",
                                        "2026-03-01", "--days", "6", "--workers", "1", "--url", site_.url(),
                                        "--format", format, "--out", path().string()}}};
  }
  void wait_until_the_third_day_is_asked_for() {
    while (!third_) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }

  std::atomic<bool> third_ = false;
  std::atomic<bool> late_ = false;
  test::stub_server site_{[this](const std::string& request) -> test::stub_answer {
    if (!request.starts_with("POST")) {
      return {.bytes = test::http_response(200, "Set-Cookie: JSESSIONID=1; Path=/\r\n", "")};
    }
    if (request.ends_with("departure=03.03.26")) {
      third_ = true;
      while (!late_) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return {.bytes = test::http_response(200, "", page())};
  }};
};

TEST_F(fares_interrupted, brings_home_what_is_in_flight_and_lists_the_rest_as_cancelled) {
  for (const char* format : {"json", "csv", "table"}) {
    third_ = late_ = false;
    auto run = start(format);
    wait_until_the_third_day_is_asked_for();
    kill(run.pid(), SIGINT);
    std::this_thread::sleep_for(std::chrono::milliseconds{100});  // until it has noticed
    late_ = true;
    const auto ended = run.wait(std::chrono::seconds{20});
    ASSERT_TRUE(ended);
    ASSERT_TRUE(WIFEXITED(*ended));
    EXPECT_EQ(WEXITSTATUS(*ended), 130);
    const auto text = content();
    EXPECT_THAT(text, HasSubstr("2026-03-03")) << "it was in flight";
    if (format == std::string_view{"json"}) {
      const auto days = nlohmann::json::parse(text);
      ASSERT_EQ(days.size(), 6u);
      for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_EQ(days[i].contains("fares"), i < 3) << i;
        if (i >= 3) {
          EXPECT_EQ(days[i]["error"]["kind"], "cancelled");
        }
      }
    } else {
      EXPECT_THAT(text, Not(HasSubstr("2026-03-04")));
      if (format == std::string_view{"table"}) {
        EXPECT_THAT(text, HasSubstr("interrupted: 3 of 6 days"));
      }
    }
  }
}

TEST_F(fares_interrupted, does_not_wait_for_what_never_comes_home) {
  auto run = start("json");
  wait_until_the_third_day_is_asked_for();
  kill(run.pid(), SIGINT);
  const auto ended = run.wait(std::chrono::seconds{25});
  late_ = true;
  ASSERT_TRUE(ended) << "the grace is of 5 s";
  EXPECT_EQ(WEXITSTATUS(*ended), 130);
  EXPECT_EQ(nlohmann::json::parse(content()).size(), 6u);
}

TEST_F(fares_interrupted, a_second_time_ends_at_once) {
  auto run = start("json");
  wait_until_the_third_day_is_asked_for();
  kill(run.pid(), SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds{200});
  EXPECT_FALSE(run.wait(std::chrono::milliseconds{0})) << "it waits for what is in flight";
  kill(run.pid(), SIGINT);
  const auto ended = run.wait(std::chrono::seconds{3});
  late_ = true;
  ASSERT_TRUE(ended);
  EXPECT_EQ(WEXITSTATUS(*ended), 130);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST(fares_command, says_when_its_output_cannot_be_written) {
  const auto run = fares(fmt::format("{} --days 3 >/dev/full", route));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.errors, HasSubstr("standard output cannot be written"));
}

}  // namespace
}  // namespace farebench
