// Worker processes, including those that crash or hang, and the soak command.

#include "tools/soak/campaign.hpp"

#include <gmock/gmock.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "tests/support/run_command.hpp"

namespace farebench::soak {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> all_lines(worker_process& worker) {
  std::vector<std::string> all;
  while (!worker.has_ended()) {
    for (auto& line : worker.read_lines()) all.push_back(std::move(line));
  }
  return all;
}

TEST(worker_process, handles_lines_in_order) {
  worker_process worker{[](const std::string& line, const auto& write) {
    write("begin " + line);
    write("done " + line);
  }};
  worker.send("one");
  worker.send("two");
  std::vector<std::string> lines;
  while (lines.size() < 4) {
    for (auto& line : worker.read_lines()) lines.push_back(line);
  }
  EXPECT_THAT(lines, ElementsAre("begin one", "done one", "begin two", "done two"));
}

TEST(worker_process, exception_becomes_its_last_line) {
  worker_process worker{[](const std::string&, const auto&) { throw std::runtime_error{"no more"}; }};
  worker.send("job");
  EXPECT_THAT(all_lines(worker), ElementsAre("failed no more"));
}

TEST(worker_process, crash_ends_it) {
  worker_process worker{[](const std::string&, const auto&) { std::raise(SIGKILL); }};
  worker.send("job");
  EXPECT_THAT(all_lines(worker), testing::IsEmpty());
}

TEST(worker_process, hanging_handler_can_be_killed) {
  worker_process worker{[](const std::string&, const auto& write) {
    write("begin");
    for (;;) ::poll(nullptr, 0, 1'000);
  }};
  worker.send("job");
  EXPECT_THAT(worker.read_lines(), ElementsAre("begin"));
  worker.kill();
}

TEST(case_line, is_parsed_by_type) {
  EXPECT_EQ(parse_case_line("begin fibers").strategy, "fibers");
  EXPECT_EQ(parse_case_line("end 6").outcomes, 6u);
  const auto line = parse_case_line("violation fibers 4 day 1: 2 fares");
  EXPECT_EQ(line.type, case_line::kind::violation);
  EXPECT_EQ(line.strategy, "fibers");
  EXPECT_EQ(line.found.violated, invariant::correct_fares);
  EXPECT_EQ(line.found.detail, "day 1: 2 fares");
  EXPECT_EQ(parse_case_line("failed no memory").found.detail, "no memory");
  EXPECT_EQ(parse_case_line("done").type, case_line::kind::done);
  EXPECT_THROW(parse_case_line("hello"), std::runtime_error);
}

test::finished_command soak(const std::string& arguments) {
  return test::run_command(std::string{FAREBENCH_BIN_DIR} + "/soak " + arguments);
}

TEST(soak_command, clean_campaign_prints_one_line_and_exits_0) {
  const auto run = soak("--faults status_503,cut_between_rows,unsolicited_response,mix,restart --seeds 2");
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_THAT(run.output,
              testing::MatchesRegex("60 runs, [0-9]+ outcomes, 0 lost, 0 duplicated, 0 wrong, 0 hung\n"));
}

TEST(soak_command, every_mutant_is_detected) {
  const auto run = soak("--mutants");
  EXPECT_EQ(run.exit_code, 0) << run.output << run.errors;
  EXPECT_THAT(run.output, HasSubstr("hand_written_client  clean\n"));
}

TEST(soak_command, invalid_flags_give_one_line_and_exit_2) {
  for (const char* const wrong : {"--faults gremlins", "--strategies telepathy", "--strategies fibers,fibers",
                                  "--seeds 0", "--seeds many", "--first-seed -1", "--first-seed many",
                                  "--jobs 0", "--short --seeds 3", "--nonsense", "more"}) {
    const auto run = soak(wrong);
    EXPECT_EQ(run.exit_code, 2) << wrong;
    EXPECT_EQ(run.output, "") << wrong;
    EXPECT_THAT(run.errors, testing::MatchesRegex("soak: [^\n]+\n")) << wrong;
  }
}

TEST(soak_command, missing_mock_server_exits_2) {
  const std::filesystem::path folder{testing::TempDir() + "soak_alone_" + std::to_string(::getpid())};
  std::filesystem::create_directory(folder);
  // This folder has no mock_server.
  std::filesystem::copy_file(std::string{FAREBENCH_BIN_DIR} + "/soak", folder / "soak");
  for (const char* const flags : {"--seeds 1", "--mutants"}) {
    const auto run = test::run_command((folder / "soak").string() + " " + flags);
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.output, "");
    EXPECT_THAT(run.errors, testing::MatchesRegex("soak: [^\n]*mock_server[^\n]*\n"));
  }
  std::filesystem::remove_all(folder);
}

TEST(soak_command, help_lists_invariants) {
  const auto run = soak("--help");
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.output, HasSubstr("Exit codes"));
  for (const auto& entry : invariant_table)
    EXPECT_THAT(run.output, HasSubstr(std::string{entry.name} + " ")) << entry.meaning;
}

}  // namespace
}  // namespace farebench::soak
