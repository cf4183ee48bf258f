#include "tools/fares/fares.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

#include "lib/system/child_process.hpp"
#include "mock_server/site/timetable.hpp"
#include "tests/support/run_command.hpp"
#include "tests/support/stub_server.hpp"
#include "tests/support/waiting.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const std::chrono::year_month_day sample_date{std::chrono::year{2026} / 3 / 1};
const outcome sample_fares{std::vector<fare>{{7h + 5min, 10h + 40min, "Relax", 12, 249'05, "CZK"},
                                             {23h + 59min, 0min, "a,\"b\"", 0, 99'00, "€"}}};
const outcome failed_day{std::unexpected(fetch_error{fetch_error_kind::connection_lost, "reset"})};

TEST(fares_output, csv_quotes_fields_with_commas_or_quotes) {
  EXPECT_EQ(opening(fares_format::csv) + day_text(fares_format::csv, true, sample_date, sample_fares) +
                closing(fares_format::csv),
            "date,departure,arrival,type,free_seats,price,currency\r\n"
            "2026-03-01,07:05,10:40,Relax,12,249.05,CZK\r\n"
            "2026-03-01,23:59,00:00,\"a,\"\"b\"\"\",0,99.00,€\r\n");
}

TEST(fares_output, json_is_one_array_of_days_and_errors) {
  const auto text =
      opening(fares_format::json) + day_text(fares_format::json, true, sample_date, sample_fares) +
      day_text(fares_format::json, false, sample_date, failed_day) + closing(fares_format::json);
  const auto days = nlohmann::json::parse(text);
  ASSERT_EQ(days.size(), 2u);
  EXPECT_EQ(days[0]["date"], "2026-03-01");
  EXPECT_EQ(days[0]["fares"][0]["price_hundredths"], 24905);
  EXPECT_EQ(days[0]["fares"][1]["type"], "a,\"b\"");
  EXPECT_EQ(days[1]["error"]["kind"], "connection_lost");
}

TEST(fares_output, failed_day_has_no_row) {
  EXPECT_EQ(day_text(fares_format::csv, true, sample_date, failed_day), "");
  EXPECT_EQ(day_text(fares_format::table, true, sample_date, failed_day), "");
}

TEST(fares_output, terminal_sequences_are_escaped) {
  const outcome hostile{std::vector<fare>{{7h, 8h, "\x1b]0;x\x07", 1, 100,
                                           "\xc2\x9b"
                                           "31m"}}};
  const auto text = day_text(fares_format::table, true, sample_date, hostile);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\xc2\x9b")));
  EXPECT_THAT(text, HasSubstr("\\x1b]0;x\\x07"));
}

TEST(fares_output, control_characters_are_escaped_in_every_format) {
  const std::vector<std::string> hostile{"\x1b[2J", "\x9b", "\xc2\x9b", "\x07", "\x7f", "a\rb", "\u202egpj"};
  for (const auto& text : hostile) {
    const outcome page{std::vector<fare>{{7h, 8h, text, 1, 100, text}}};
    for (const auto format : {fares_format::table, fares_format::csv, fares_format::json}) {
      auto text_of_day = day_text(format, true, sample_date, page);
      // The newline between days.
      if (format == fares_format::json) text_of_day.erase(0, 1);
      EXPECT_EQ(text_of_day.find(text), std::string::npos);
      for (const char c : text_of_day.substr(0, text_of_day.find_last_not_of("\r\n") + 1)) {
        const auto byte = static_cast<unsigned char>(c);
        EXPECT_TRUE(byte >= 0x20 && byte < 0x7F) << static_cast<int>(byte);
      }
    }
    EXPECT_EQ(
        nlohmann::json::parse("[" + day_text(fares_format::json, true, sample_date, page) + "]")[0]["fares"]
            .size(),
        1u);
  }
}

TEST(fares_output, csv_disarms_formulas) {
  for (const char* text : {"=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1", "=\"a\",1"}) {
    const auto row = day_text(fares_format::csv, true, sample_date,
                              outcome{std::vector<fare>{{7h, 8h, text, 1, 100, text}}});
    for (const char* beginning : {",=", ",+", ",-", ",@", ",\"=", ",\t"}) {
      EXPECT_THAT(row, Not(HasSubstr(beginning))) << text;
    }
  }
}

TEST(fares_output, only_table_prints_remark) {
  EXPECT_EQ(closing(fares_format::table, "interrupted"), "(interrupted)\n");
  EXPECT_EQ(closing(fares_format::table), "");
  EXPECT_EQ(closing(fares_format::csv, "interrupted"), "");
  EXPECT_EQ(closing(fares_format::json, "interrupted"), "\n]\n");
}

TEST(in_order, early_outcomes_wait_for_their_turn) {
  std::vector<std::size_t> passed;
  in_order ordered{[&](std::size_t index, const outcome&) { passed.push_back(index); }};
  ordered.add(2, outcome{});
  ordered.add(1, outcome{});
  EXPECT_THAT(passed, testing::IsEmpty());
  ordered.add(0, outcome{});
  EXPECT_THAT(passed, testing::ElementsAre(0, 1, 2));
  ordered.add(3, outcome{});
  EXPECT_THAT(passed, testing::ElementsAre(0, 1, 2, 3));
}

/// Runs bin/fares with arguments in shell syntax.
test::finished_command run_fares(const std::string& arguments) {
  return test::run_command(fmt::format("{}/fares {}", FAREBENCH_BIN_DIR, arguments));
}

constexpr const char* route_flags = "--from ID10202003 --to ID10202002 --first-date 2026-03-01 ";

std::string page() { return test::page_with("<p class=select-line>7:05 10:40 Relax 1 249 CZK</p>"); }

std::ptrdiff_t lines(const std::string& text) { return std::ranges::count(text, '\n'); }

TEST(fares_command, missing_url_scrapes_embedded_server) {
  for (const char* flags :
       {"--strategy sequential", "--strategy thread_pool", "--strategy multi_socket", "--transport libcurl",
        "--transport native", "--transport native --strategy coroutines"}) {
    const auto run = run_fares(fmt::format("{} --days 5 --workers 3 --format json {}", route_flags, flags));
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    const auto days = nlohmann::json::parse(run.output);
    ASSERT_EQ(days.size(), 5u);
    for (std::size_t i = 0; i < days.size(); ++i) {
      const query day{"ID10202003", "ID10202002", std::chrono::year{2026} / 3 / static_cast<int>(i + 1)};
      EXPECT_EQ(days[i]["date"], fmt::format("2026-03-{:02}", i + 1)) << "days are not in order";
      EXPECT_EQ(days[i]["fares"].size(), timetable(day, 3).size());
    }
  }
}

TEST(fares_command, default_format_is_table) {
  const auto run = run_fares(fmt::format("{} --days 2", route_flags));
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.output, testing::StartsWith("date        departure  arrival"));
  EXPECT_THAT(run.output, HasSubstr("\n2026-03-02  "));
  EXPECT_EQ(run.errors.find('\r'), std::string::npos) << "a progress line without a terminal";
}

TEST(fares_command, failed_days_give_a_line_each_and_exit_1) {
  const auto run =
      run_fares(fmt::format("{} --days 3 --format csv --url {}", route_flags, test::url_of_closed_port()));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.errors, HasSubstr("2026-03-02: connect_failed"));
  EXPECT_THAT(run.errors, HasSubstr("0 of 3 days, 0 fares"));
  EXPECT_EQ(lines(run.output), 1) << "more than the header";
}

TEST(fares_command, failed_day_leaves_other_days_complete) {
  const test::stub_server site{[](const std::string& request) -> test::stub_response {
    if (request.ends_with("departure=02.03.26")) return {.bytes = test::http_response(500, "", "")};
    if (request.starts_with("POST")) {
      return {.bytes = test::http_response(200, "", page())};
    }
    return {.bytes = test::http_response(200, "Set-Cookie: JSESSIONID=1; Path=/\r\n", "")};
  }};
  const auto run = run_fares(fmt::format("{} --days 3 --format csv --url {}", route_flags, site.url()));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.output, HasSubstr("2026-03-01,07:05"));
  EXPECT_THAT(run.output, HasSubstr("2026-03-03,07:05"));
  EXPECT_THAT(run.errors, HasSubstr("2026-03-02: unexpected_status"));
}

TEST(fares_command, invalid_flags_give_one_line_and_exit_2) {
  for (const char* bad : {"--days 0",
                          "--days many",
                          "--strategy pigeon",
                          "--workers 0",
                          "--format xml",
                          "--first-date 1.3.2026",
                          "--first-date 2026-02-30",
                          "--first-date 2099-12-31",
                          "--timeout 0",
                          "--timeout 5",
                          "--attempts 0",
                          "--attempts 101",
                          "--deadline 0",
                          "--deadline soon",
                          "--url ftp://x",
                          "--url http://x/?q",
                          "--transport pigeon",
                          "--transport native --strategy multi_socket",
                          "--transport native --url https://x",
                          "--nonsense",
                          "stray",
                          "--from ''"}) {
    const auto run = run_fares(fmt::format("{} {}", route_flags, bad));
    EXPECT_EQ(run.exit_code, 2) << bad << ": " << run.errors;
    EXPECT_EQ(lines(run.errors), 1) << bad << ": " << run.errors;
    EXPECT_EQ(run.output, "") << bad;
  }
  EXPECT_EQ(run_fares("").exit_code, 2);
}

TEST(fares_command, misspelled_flag_is_named_before_missing_ones) {
  const std::pair<const char*, const char*> cases[] = {
      {"--form A --to B", "--form: unknown flag; did you mean --from?"},
      {"--from A --to B --days 3 --days 4", "--days: is given 2 times; give it once"},
      {"--from A --to B --wrokers=3", "--wrokers: unknown flag; did you mean --workers?"},
      {"--from A --to B --strategy corutines", "did you mean coroutines?"},
      {"--from A --to B --transport nativ", "did you mean native?"},
      {"--from A --to B --format jsn", "did you mean json?"},
      {"--from A --to B --deadline 12", "'12' is not a duration: no unit; write 12ms or 12s"},
      {"--from A --to B stray", "stray: unexpected argument"}};
  for (const auto& [arguments, text] : cases) {
    const auto run = run_fares(arguments);
    EXPECT_EQ(run.exit_code, 2) << arguments;
    EXPECT_THAT(run.errors, HasSubstr(text)) << arguments;
    EXPECT_EQ(lines(run.errors), 1) << run.errors;
  }
}

TEST(fares_command, embedded_server_serves_600_workers) {
  const auto run = run_fares(fmt::format("{} --days 600 --workers 600 --format csv", route_flags));
  EXPECT_EQ(run.exit_code, 0) << run.errors;
}

TEST(fares_command, unwritable_stderr_keeps_exit_code) {
  for (const char* errors : {"2>&-", "2>/dev/full"}) {
    EXPECT_EQ(run_fares(fmt::format("{} --days 2 {}", route_flags, errors)).exit_code, 0) << errors;
    EXPECT_EQ(run_fares(fmt::format("{} --days 0 {}", route_flags, errors)).exit_code, 2) << errors;
  }
}

TEST(fares_command, help_begins_with_examples) {
  const auto run = run_fares("--help");
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.output, testing::StartsWith("Examples:"));
}

TEST(fares_command, attempts_flag_limits_attempts) {
  for (const std::size_t attempts : {1u, 2u}) {
    std::atomic<int> requests = 0;
    const test::stub_server site{[&](const std::string&) {
      ++requests;
      return test::stub_response{.bytes = test::http_response(503, "", "")};
    }};
    const auto run =
        run_fares(fmt::format("{} --days 3 --attempts {} --url {}", route_flags, attempts, site.url()));
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_EQ(static_cast<std::size_t>(requests), 3 * attempts);
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

TEST_F(fares_file, output_file_equals_standard_output) {
  const auto run = run_fares(fmt::format("{} --days 2 --format csv --out {}", route_flags, path().string()));
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_EQ(run.output, "");
  EXPECT_EQ(content(), run_fares(fmt::format("{} --days 2 --format csv", route_flags)).output);
}

TEST_F(fares_file, unwritable_path_fails_before_any_request) {
  std::atomic<int> requests = 0;
  const test::stub_server site{[&](const std::string&) {
    ++requests;
    return test::stub_response{.bytes = test::http_response(404, "", "")};
  }};
  const auto run = run_fares(
      fmt::format("{} --days 2 --url {} --out {}/no/such", route_flags, site.url(), folder_.string()));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(lines(run.errors), 1) << run.errors;
  EXPECT_EQ(requests, 0);
}

/// A fares process with one worker, at a site that responds to the search of the third day only after
/// `release_third_day`. Its standard error can be read as its output.
class fares_interrupted : public fares_file {
 protected:
  ~fares_interrupted() override { release_third_day(); }

  child_process start(const std::string& format) {
    third_day_was_requested_ = third_day_is_released_ = false;
    const auto executable = std::filesystem::path{FAREBENCH_BIN_DIR} / "fares";
    return child_process{{.executable = "/bin/sh",
                          .arguments = {"-c",
                                        "exec \"$0\" \"$@\" 2>&1",
                                        executable.string(),
                                        "--from",
                                        "ID10202003",
                                        "--to",
                                        "ID10202002",
                                        "--first-date",
                                        "2026-03-01",
                                        "--days",
                                        "6",
                                        "--workers",
                                        "1",
                                        "--url",
                                        site_.url(),
                                        "--timeout",
                                        "300s",
                                        "--deadline",
                                        "600s",
                                        "--format",
                                        format,
                                        "--out",
                                        path().string()}}};
  }
  void wait_for_request_of_third_day() { third_day_was_requested_.wait(false); }
  void release_third_day() {
    third_day_is_released_ = true;
    third_day_is_released_.notify_all();
  }
  /// Sends the first Ctrl-C and waits until the process has handled it.
  static void interrupt(child_process& run) {
    kill(run.pid(), SIGINT);
    const auto read = run.read_line(test::hang_deadline);
    ASSERT_EQ(read.status, child_process::read_status::line);
    ASSERT_THAT(read.line, HasSubstr("interrupted"));
  }

  std::atomic<bool> third_day_was_requested_ = false;
  std::atomic<bool> third_day_is_released_ = false;
  test::stub_server site_{[this](const std::string& request) -> test::stub_response {
    if (!request.starts_with("POST")) {
      return {.bytes = test::http_response(200, "Set-Cookie: JSESSIONID=1; Path=/\r\n", "")};
    }
    if (request.ends_with("departure=03.03.26")) {
      third_day_was_requested_ = true;
      third_day_was_requested_.notify_all();
      third_day_is_released_.wait(false);
    }
    return {.bytes = test::http_response(200, "", page())};
  }};
};

TEST_F(fares_interrupted, interrupt_completes_scrapes_in_flight_only) {
  for (const char* format : {"json", "csv", "table"}) {
    auto run = start(format);
    wait_for_request_of_third_day();
    ASSERT_NO_FATAL_FAILURE(interrupt(run));
    release_third_day();
    const auto ended = run.wait(test::hang_deadline);
    ASSERT_TRUE(ended);
    ASSERT_TRUE(WIFEXITED(*ended));
    EXPECT_EQ(WEXITSTATUS(*ended), 130);
    const auto text = content();
    EXPECT_THAT(text, HasSubstr("2026-03-03")) << "the scrape was in flight";
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

TEST_F(fares_interrupted, hanging_scrape_ends_after_grace_period) {
  auto run = start("json");
  wait_for_request_of_third_day();
  ASSERT_NO_FATAL_FAILURE(interrupt(run));
  const auto ended = run.wait(test::hang_deadline);
  ASSERT_TRUE(ended) << "the grace period of 5 s did not end the scrape";
  EXPECT_EQ(WEXITSTATUS(*ended), 130);
  EXPECT_EQ(nlohmann::json::parse(content()).size(), 6u);
}

TEST_F(fares_interrupted, second_interrupt_exits_immediately) {
  auto run = start("json");
  wait_for_request_of_third_day();
  ASSERT_NO_FATAL_FAILURE(interrupt(run));
  kill(run.pid(), SIGINT);
  const auto ended = run.wait(test::hang_deadline);
  ASSERT_TRUE(ended);
  EXPECT_EQ(WEXITSTATUS(*ended), 130);
  EXPECT_TRUE(std::filesystem::is_empty(folder_)) << "a file or its part was left";
}

TEST_F(fares_interrupted, cancelled_days_share_a_line) {
  auto run = start("csv");
  wait_for_request_of_third_day();
  ASSERT_NO_FATAL_FAILURE(interrupt(run));
  release_third_day();
  const auto cancelled = run.read_line(test::hang_deadline);
  EXPECT_EQ(cancelled.line, "fares: 2026-03-04 to 2026-03-06: cancelled");
  const auto summary = run.read_line(test::hang_deadline);
  EXPECT_THAT(summary.line, testing::StartsWith("fares: 3 of 6 days, 3 fares, 0 retries, "));
  EXPECT_THAT(summary.line, testing::EndsWith(", written to " + path().string()));
}

TEST_F(fares_interrupted, second_interrupt_and_other_signals_leave_no_part) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    auto run = start("csv");
    wait_for_request_of_third_day();
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator{folder_}, {}), 1) << "the part";
    if (signal == SIGINT) {
      ASSERT_NO_FATAL_FAILURE(interrupt(run));
    }
    kill(run.pid(), signal);
    const auto ended = run.wait(test::hang_deadline);
    ASSERT_TRUE(ended);
    if (signal == SIGINT) {
      EXPECT_EQ(WEXITSTATUS(*ended), 130);
    } else {
      EXPECT_TRUE(WIFSIGNALED(*ended) && WTERMSIG(*ended) == signal) << signal;
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder_)) << signal;
    release_third_day();
  }
}

TEST_F(fares_file, appended_standard_output_is_kept) {
  const auto run =
      test::run_command(fmt::format("{{ echo first; {0}/fares {1} --days 1 --format csv --out /dev/stdout; "
                                    "{0}/fares {1} --days 1 --format csv --out -; }} > {2}",
                                    FAREBENCH_BIN_DIR, route_flags, path().string()));
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  const auto text = content();
  EXPECT_THAT(text, testing::StartsWith("first\ndate,"));
  EXPECT_GT(text.rfind("date,"), std::string_view{"first\ndate,"}.size()) << "the second table";
}

TEST_F(fares_file, run_without_fares_keeps_file) {
  std::ofstream{path()} << "old";
  const auto run = run_fares(fmt::format("{} --days 2 --attempts 1 --url {} --out {}", route_flags,
                                         test::url_of_closed_port(), path().string()));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(content(), "old");
  EXPECT_THAT(run.errors, HasSubstr(path().string() + " not written"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator{folder_}, {}), 1) << "a part is left";
}

TEST_F(fares_file, format_follows_name_of_file) {
  const auto first_bytes = [&](const std::string& name, const std::string& flags) {
    const auto file = (folder_ / name).string();
    EXPECT_EQ(run_fares(fmt::format("{} --days 1 {} --out {}", route_flags, flags, file)).exit_code, 0);
    std::ifstream in{file};
    std::string line;
    std::getline(in, line);
    return line.substr(0, 5);
  };
  EXPECT_EQ(first_bytes("x.csv", ""), "date,");
  EXPECT_EQ(first_bytes("x.json", ""), "[");
  EXPECT_EQ(first_bytes("x.txt", ""), "date ");
  EXPECT_EQ(first_bytes("x.json", "--format csv"), "date,");
}

TEST(fares_command, failed_day_names_attempts_and_limit) {
  const auto run =
      run_fares(fmt::format("{} --days 7 --workers 1 --attempts 3 --strategy sequential --url {}",
                            route_flags, test::url_of_closed_port()));
  EXPECT_THAT(run.errors, HasSubstr(" (3 attempts)\n"));
  EXPECT_THAT(run.errors, HasSubstr("; retry budget spent)\n"));
}

TEST(fares_command, error_that_no_limit_ended_names_no_attempts) {
  const test::stub_server site{
      [](const std::string&) -> test::stub_response { return {.bytes = test::http_response(404, "", "")}; }};
  EXPECT_THAT(run_fares(fmt::format("{} --days 1 --url {}", route_flags, site.url())).errors,
              Not(HasSubstr("attempt")));
}

TEST(fares_command, url_may_end_with_slash) {
  const test::stub_server site{[](const std::string& request) -> test::stub_response {
    if (request.starts_with("POST")) return {.bytes = test::http_response(200, "", page())};
    if (!request.starts_with("GET /m/ ")) return {.bytes = test::http_response(404, "", "")};
    return {.bytes = test::http_response(200, "Set-Cookie: JSESSIONID=1; Path=/\r\n", "")};
  }};
  const auto run = run_fares(fmt::format("{} --days 1 --url {}/", route_flags, site.url()));
  EXPECT_EQ(run.exit_code, 0) << run.errors;
}

TEST(fares_command, closed_pipe_ends_quietly) {
  // More output than a pipe holds, so that the closed end is noticed.
  const auto run = test::run_command(
      fmt::format("bash -c '{}/fares {} --days 3000 --workers 200 | head -1; exit ${{PIPESTATUS[0]}}'",
                  FAREBENCH_BIN_DIR, route_flags));
  EXPECT_EQ(run.exit_code, 141);
  EXPECT_EQ(lines(run.output), 1);
  EXPECT_EQ(lines(run.errors), 1) << run.errors;
}

TEST(fares_command, terminal_shows_fares_without_progress) {
  const auto run = test::run_command(
      fmt::format("script -qec '{}/fares {} --days 3' /dev/null", FAREBENCH_BIN_DIR, route_flags));
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.output, HasSubstr("2026-03-03  "));
  EXPECT_THAT(run.output, Not(HasSubstr("/3 days")));
}

TEST(fares_command, unwritable_stdout_gives_error) {
  const auto run = run_fares(fmt::format("{} --days 3 >/dev/full", route_flags));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.errors, HasSubstr("write standard output: No space left on device"));
}

}  // namespace
}  // namespace farebench
