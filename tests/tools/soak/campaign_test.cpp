// What becomes of processes that work on cases, of those that crash too; and the command as its users meet
// it.

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

std::vector<std::string> lines_until_the_end(worker_process& worker) {
  std::vector<std::string> all;
  while (!worker.has_ended()) {
    for (auto& line : worker.read_lines()) all.push_back(std::move(line));
  }
  return all;
}

TEST(worker_process, does_its_jobs_in_turn_and_says_how_they_go) {
  worker_process worker{[](const std::string& line, const auto& say) {
    say("begun " + line);
    say("done " + line);
  }};
  worker.give("one");
  worker.give("two");
  std::vector<std::string> lines;
  while (lines.size() < 4) {
    for (auto& line : worker.read_lines()) lines.push_back(line);
  }
  EXPECT_THAT(lines, ElementsAre("begun one", "done one", "begun two", "done two"));
}

TEST(worker_process, tells_why_it_ends) {
  worker_process worker{[](const std::string&, const auto&) { throw std::runtime_error{"no more"}; }};
  worker.give("job");
  EXPECT_THAT(lines_until_the_end(worker), ElementsAre("failed no more"));
}

TEST(worker_process, that_crashes_has_ended) {
  worker_process worker{[](const std::string&, const auto&) { std::raise(SIGKILL); }};
  worker.give("job");
  EXPECT_THAT(lines_until_the_end(worker), testing::IsEmpty());
}

TEST(worker_process, that_hangs_can_be_ended) {
  worker_process worker{[](const std::string&, const auto& say) {
    say("begun");
    for (;;) ::poll(nullptr, 0, 1'000);
  }};
  worker.give("job");
  EXPECT_THAT(worker.read_lines(), ElementsAre("begun"));
  worker.kill();
}

TEST(case_line, is_read_as_it_is_said) {
  EXPECT_EQ(read_case_line("begun fibers").strategy, "fibers");
  EXPECT_EQ(read_case_line("ended 6").outcomes, 6u);
  const auto broken = read_case_line("broken fibers 4 day 1: 2 fares");
  EXPECT_EQ(broken.what, case_line::kind::broken);
  EXPECT_EQ(broken.strategy, "fibers");
  EXPECT_EQ(broken.found.broken, law::right_fares);
  EXPECT_EQ(broken.found.detail, "day 1: 2 fares");
  EXPECT_EQ(read_case_line("failed for want of luck").found.detail, "for want of luck");
  EXPECT_EQ(read_case_line("done").what, case_line::kind::done);
  EXPECT_THROW(read_case_line("hello"), std::runtime_error);
}

test::finished_command soak(const std::string& arguments) {
  return test::run_command(std::string{FAREBENCH_BIN_DIR} + "/soak " + arguments);
}

TEST(soak_command, ends_with_one_line_and_zero_when_every_law_held) {
  const auto run = soak("--faults status_503,cut_between_rows,unsolicited_response,mix,restart --seeds 2");
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_THAT(run.output,
              testing::MatchesRegex("60 runs, [0-9]+ outcomes, 0 lost, 0 duplicated, 0 wrong, 0 hung\n"));
}

TEST(soak_command, catches_every_client_that_is_wrong_on_purpose) {
  const auto run = soak("--mutants");
  EXPECT_EQ(run.exit_code, 0) << run.output << run.errors;
  EXPECT_THAT(run.output, HasSubstr("hand_written_client  clean\n"));
}

TEST(soak_command, refuses_what_it_does_not_know_with_one_line) {
  for (const char* const wrong :
       {"--faults gremlins", "--strategies telepathy", "--strategies fibers,fibers", "--seeds 0",
        "--seeds many", "--jobs 0", "--short --seeds 3", "--nonsense", "more"}) {
    const auto run = soak(wrong);
    EXPECT_EQ(run.exit_code, 2) << wrong;
    EXPECT_EQ(run.output, "") << wrong;
    EXPECT_THAT(run.errors, testing::MatchesRegex("soak: [^\n]+\n")) << wrong;
  }
}

TEST(soak_command, ends_with_two_where_no_site_can_be_started) {
  const std::filesystem::path folder{testing::TempDir() + "soak_alone_" + std::to_string(::getpid())};
  std::filesystem::create_directory(folder);
  // Without mock_server beside it.
  std::filesystem::copy_file(std::string{FAREBENCH_BIN_DIR} + "/soak", folder / "soak");
  for (const char* const flags : {"--seeds 1", "--mutants"}) {
    const auto run = test::run_command((folder / "soak").string() + " " + flags);
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.output, "");
    EXPECT_THAT(run.errors, testing::MatchesRegex("soak: [^\n]*mock_server[^\n]*\n"));
  }
  std::filesystem::remove_all(folder);
}

TEST(soak_command, has_help) {
  const auto run = soak("--help");
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.output, HasSubstr("Exit codes"));
}

}  // namespace
}  // namespace farebench::soak
