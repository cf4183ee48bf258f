#include "tools/soak/campaign.hpp"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <memory>
#include <set>
#include <stdexcept>

#include "farebench/libcurl.hpp"
#include "mock_server/faults/fault_plan.hpp"
#include "tests/support/run_command.hpp"
#include "tools/soak/run_record.hpp"
#include "tools/soak/soak_case.hpp"

namespace farebench::soak {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// Receives until the worker has ended.
std::vector<std::string> all_messages(worker_process& worker) {
  std::vector<std::string> all;
  while (auto message = worker.receive()) all.push_back(*std::move(message));
  return all;
}

TEST(worker_process, messages_are_handled_in_order) {
  worker_process worker{[](const std::string& message, const auto& send) {
    send("begin " + message);
    send("done " + message);
  }};
  worker.send("one");
  worker.send("two");
  for (const char* const expected : {"begin one", "done one", "begin two", "done two"})
    EXPECT_EQ(worker.receive(), expected);
}

TEST(worker_process, exception_gives_a_last_message) {
  worker_process worker{[](const std::string&, const auto&) { throw std::runtime_error{"no more"}; }};
  worker.send("job");
  EXPECT_THAT(all_messages(worker), ElementsAre("failed no more"));
}

TEST(worker_process, crash_ends_the_output) {
  worker_process worker{[](const std::string&, const auto&) { std::raise(SIGKILL); }};
  worker.send("job");
  EXPECT_THAT(all_messages(worker), testing::IsEmpty());
}

TEST(worker_process, hanging_handler_can_be_killed) {
  worker_process worker{[](const std::string&, const auto& send) {
    send("begin");
    for (;;) ::poll(nullptr, 0, 1'000);
  }};
  worker.send("job");
  EXPECT_EQ(worker.receive(), "begin");
  worker.kill();
}

TEST(case_report, text_is_parsed_back) {
  using enum case_report::kind;
  const std::vector<case_report> reports{
      {.type = run_begin, .client = "fibers/native"},
      {.type = run_end, .client = "fibers/native", .outcomes = 6},
      {.type = violation_found,
       .client = "fibers/native",
       .found = {invariant::correct_fares, "day 1: 2 fares\nand more"}},
  };
  for (const auto& report : reports) {
    const auto parsed = parse_case_report(text_of(report));
    EXPECT_EQ(parsed.type, report.type);
    EXPECT_EQ(parsed.client, report.client);
    EXPECT_EQ(parsed.outcomes, report.outcomes);
    EXPECT_EQ(parsed.found.violated, report.found.violated);
    EXPECT_EQ(parsed.found.detail, report.found.detail);
  }
  EXPECT_THROW(parse_case_report("hello"), std::runtime_error);
}

/// Stops this process for a second, as a busy machine could.
void stall() {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    kill(getppid(), SIGSTOP);
    ::poll(nullptr, 0, 1'000);
    kill(getppid(), SIGCONT);
    _exit(0);
  }
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
}

/// The sequential strategy, whose first `stalls` runs stall.
class stalling_strategy final : public strategy {
 public:
  stalling_strategy(int stalls, int& runs) : stalls_{stalls}, runs_{runs} {}

  void run(const batch& work, const outcome_sink& sink) override {
    if (runs_++ < stalls_) stall();
    actual_->run(work, sink);
  }

 private:
  int stalls_;
  int& runs_;
  std::unique_ptr<strategy> actual_ = make_strategy("sequential", libcurl_transport());
};

TEST(run_case, stalled_run_is_repeated) {
  const auto count_runs = [](int stalls) {
    int runs = 0;
    const std::array clients{soak_client{.name = "stalling", .uses_workers = false, .create = [&] {
                                           return std::make_unique<stalling_strategy>(stalls, runs);
                                         }}};
    run_case({find_scenario("status_503"), 1, FAREBENCH_BIN_DIR "/mock_server"}, clients,
             [](const case_report& report) {
               EXPECT_NE(report.type, case_report::kind::violation_found) << report.found.detail;
             });
    return runs;
  };
  EXPECT_GE(count_runs(1), 2);
  EXPECT_EQ(count_runs(9), 3) << "at most twice";
}

/// Runs bin/soak with arguments in shell syntax.
test::finished_command run_soak(const std::string& arguments) {
  return test::run_command(std::string{FAREBENCH_BIN_DIR} + "/soak " + arguments);
}

TEST(soak_command, clean_campaign_prints_one_line_and_exits_0) {
  const auto run =
      run_soak("--faults status_503,cut_between_rows,unsolicited_response,mix,restart --seeds 2");
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_THAT(run.output,
              testing::MatchesRegex("110 runs, [0-9]+ outcomes, 0 lost, 0 duplicated, 0 wrong, 0 hung\n"));
}

TEST(soak_command, transport_flag_selects_clients) {
  const auto runs = [](const std::string& flags) {
    const auto run = run_soak("--faults status_503 --seeds 1 " + flags);
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    return run.output.substr(0, run.output.find(','));
  };
  EXPECT_EQ(runs(""), "11 runs");
  EXPECT_EQ(runs("--transport native"), "5 runs");
  EXPECT_EQ(runs("--strategies coroutines,callbacks,multi_poll"), "4 runs") << "each runs where it exists";
  EXPECT_EQ(runs("--transport libcurl --strategies coroutines"), "1 runs");
}

TEST(soak_command, every_mutant_is_detected) {
  const auto run = run_soak("--mutants");
  EXPECT_EQ(run.exit_code, 0) << run.output << run.errors;
  EXPECT_THAT(run.output, HasSubstr("hand_written_client  clean\n"));
}

TEST(soak_command, invalid_flags_give_one_line_and_exit_2) {
  for (const char* const wrong :
       {"--faults gremlins", "--strategies telepathy", "--strategies fibers,fibers", "--seeds 0",
        "--seeds many", "--first-seed -1", "--first-seed many", "--jobs 0", "--short --seeds 3", "--nonsense",
        "more", "--transport pigeon", "--transport native,native",
        "--transport native --strategies multi_poll"}) {
    const auto run = run_soak(wrong);
    EXPECT_EQ(run.exit_code, 2) << wrong;
    EXPECT_EQ(run.output, "") << wrong;
    EXPECT_THAT(run.errors, testing::MatchesRegex("soak: [^\n]+\n")) << wrong;
  }
}

TEST(soak_command, misspelled_names_are_guessed) {
  for (const auto& [flags, name] :
       {std::pair{"--strategies 'fibers, corutines'", "coroutines"},
        std::pair{"--faults 'mix, rest_mid_body'", "reset_mid_body"},
        std::pair{"--transport nativ", "native"}, std::pair{"--seed 3", "--seeds"}}) {
    const auto run = run_soak(flags);
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.errors, HasSubstr(std::string{"did you mean "} + name + "?"));
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
  const auto run = run_soak("--help");
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.output, HasSubstr("Exit codes"));
  for (const auto& entry : invariant_table)
    EXPECT_THAT(run.output, HasSubstr(std::string{entry.name} + " ")) << entry.meaning;
}

TEST(scenarios, scenarios_include_faults_and_combinations) {
  std::set<std::string> names;
  for (const auto& scenario : all_scenarios()) {
    EXPECT_TRUE(names.insert(scenario.name).second) << scenario.name;
    const auto rates = parse_faults(scenario.faults);
    EXPECT_TRUE(rates) << scenario.name << ": " << (rates ? "" : rates.error());
    EXPECT_EQ(find_scenario(scenario.name), &scenario);
  }
  for (const auto& fault : fault_table) EXPECT_TRUE(names.contains(std::string{fault.name})) << fault.name;
  for (const char* const name : {"mix", "everything", "restart", "outage"}) EXPECT_TRUE(names.contains(name));
  EXPECT_EQ(find_scenario("gremlins"), nullptr);
}

TEST(scenarios, refuse_makes_a_scenario_depend_on_timing) {
  for (const auto& scenario : all_scenarios()) {
    const auto rates = *parse_faults(scenario.faults);
    if (rates.rate(fault_kind::refuse) == 0) continue;
    EXPECT_TRUE(scenario.depends_on_timing && scenario.faults_spread) << scenario.name;
  }
  EXPECT_FALSE(find_scenario("mix")->depends_on_timing);
  EXPECT_FALSE(find_scenario("reset_mid_body")->depends_on_timing);
}

TEST(make_plan, seed_varies_the_plan) {
  const auto& scenario = *find_scenario("reset_mid_body");
  std::set<std::size_t> workers, loops, pages;
  std::set<bool> ends, compressed;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const auto plan = make_plan(scenario, seed);
    EXPECT_EQ(plan.policy, make_plan(scenario, seed).policy);
    workers.insert(plan.workers);
    loops.insert(plan.loops);
    pages.insert(plan.page_kb);
    ends.insert(plan.faults_until.has_value());
    compressed.insert(plan.policy.exchange.accept_compressed);
    EXPECT_TRUE(plan.policy.tag_requests);
    EXPECT_LT(plan.faults_until.value_or(0), plan.policy.max_attempts) << "convergence is not checked";
  }
  EXPECT_GT(workers.size(), 1u);
  EXPECT_GT(loops.size(), 1u);
  EXPECT_GT(pages.size(), 1u);
  EXPECT_EQ(ends.size(), 2u);
  EXPECT_EQ(compressed.size(), 2u);
}

TEST(log_line, log_line_has_all_members) {
  const auto exchange = parse_log_line(
      R"({"date":"2026-03-01","session":4,"step":2,"attempt":3,"fault":"reset_mid_body","status":200})");
  EXPECT_EQ(exchange.date, 2026y / 3 / 1);
  EXPECT_EQ(exchange.session, 4u);
  EXPECT_EQ(exchange.step, 2);
  EXPECT_EQ(exchange.attempt, 3u);
  EXPECT_EQ(exchange.fault, fault_kind::reset_mid_body);
  EXPECT_EQ(exchange.status, 200);
}

TEST(log_line, null_members_are_empty) {
  const auto exchange =
      parse_log_line(R"({"date":null,"step":null,"attempt":null,"fault":null,"status":null})");
  EXPECT_FALSE(exchange.date || exchange.session || exchange.fault);
  EXPECT_EQ(exchange.step, 0);
  EXPECT_EQ(exchange.attempt, 0u);
  EXPECT_EQ(exchange.status, 0);
}

TEST(log_line, invalid_text_throws) {
  for (const char* const line :
       {"", "{}", "[]", R"({"date":"2026-02-30","step":1,"attempt":1,"fault":null,"status":200})",
        R"({"date":null,"step":1,"attempt":1,"fault":"gremlins","status":200})",
        R"({"date":null,"step":"one","attempt":1,"fault":null,"status":200})"}) {
    EXPECT_THROW(parse_log_line(line), std::runtime_error) << line;
  }
}

}  // namespace
}  // namespace farebench::soak
