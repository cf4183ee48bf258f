// The check passes clients that keep the protocol, and finds each mistake by the line that names it.

#include "bench/check_client.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "bench/clients/clients.hpp"
#include "tests/bench/scratch_folder.hpp"
#include "tests/support/run_command.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

struct checked {
  std::size_t failed = 0;
  std::string lines;

  /// Names of the checks that failed.
  std::vector<std::string> failures() const {
    std::vector<std::string> names;
    std::istringstream text{lines};
    for (std::string line; std::getline(text, line);)
      if (line.starts_with("FAIL  ")) names.push_back(line.substr(6, line.find(": ") - 6));
    return names;
  }
};

checked check(const std::string& command, const check_options& options = {}) {
  const auto folder = std::filesystem::path{FAREBENCH_BIN_DIR};
  const programs used{
      .mock_server = folder / "mock_server", .fetch_probe = folder / "fetch_probe", .heap_count = {}};
  checked result;
  result.failed = check_client(used, make_client("checked", command), options,
                               [&](std::string_view line) { result.lines += line; });
  return result;
}

std::string test_client() {
  return "python3 '" FAREBENCH_SOURCE_DIR "/tests/bench/clients/mutant_client.py'";
}

TEST(check_client, client_without_mistake_passes) {
  const auto result = check(test_client());
  EXPECT_EQ(result.failed, 0u) << result.lines;
  EXPECT_TRUE(result.lines.contains("ok    scrape invalid pages: ")) << result.lines;
}

TEST(check_client, example_of_docs_passes) {
  const auto page = text_of(std::filesystem::path{FAREBENCH_SOURCE_DIR} / "docs/clients.md");
  const std::string_view fence = "```python\n";
  const auto begin = page.find(fence) + fence.size();
  const auto example = page.substr(begin, page.find("```", begin) - begin);
  EXPECT_LE(std::ranges::count(example, '\n'), 40);
  const scratch_folder folder;
  const auto path = folder / "client.py";
  std::ofstream{path} << example;
  const auto result = check(fmt::format("python3 {}", path.string()), {.tasks = {task_kind::get}});
  EXPECT_EQ(result.failed, 0u) << result.lines;
}

class check_of_probe : public testing::TestWithParam<client_info> {};

TEST_P(check_of_probe, passes) {
  const bool is_libcurl = GetParam().transport == "libcurl";
  const auto result = check(fmt::format("'{}/{}' --strategy {}", FAREBENCH_BIN_DIR,
                                        is_libcurl ? "fetch_probe" : "fetch_probe_native",
                                        split_client_name(GetParam().name).strategy));
  EXPECT_EQ(result.failed, 0u) << result.lines;
}

INSTANTIATE_TEST_SUITE_P(strategies, check_of_probe,
                         testing::ValuesIn(probe_clients().begin(), probe_clients().end()),
                         [](const auto& named) {
                           auto name = named.param.name;
                           std::ranges::replace(name, '/', '_');
                           return name;
                         });

struct mutant {
  /// Value of --mutant.
  const char* name;
  /// Check that must fail, and no other.
  const char* check;
};

void PrintTo(const mutant& tried, std::ostream* out) { *out << tried.name; }

class check_of_mutant : public testing::TestWithParam<mutant> {};

TEST_P(check_of_mutant, fails_one_check) {
  const std::string_view name = GetParam().name;
  const std::string expected = GetParam().check;
  check_options options{.tasks = {expected.starts_with("scrape ") ? task_kind::scrape : task_kind::get}};
  // They fail in their first batch, so that no other check depends on the limit.
  if (name == "hangs_in_batch") options.limits.batch = 500ms;
  if (name == "ignores_exit") options.limits.end = 500ms;
  // Other ends depend on it.
  if (name.starts_with("ignores_closed_input") || name == "runs_at_any_line") options.limits.end = 10s;
  const auto result = check(fmt::format("{} --mutant {}", test_client(), name), options);
  EXPECT_EQ(result.failures(), std::vector{expected}) << result.lines;
  EXPECT_EQ(result.failed, 1u);
}

constexpr mutant mutants[] = {
    {"fetches_before_go", "get start"},
    {"speaks_version_1", "get start"},
    {"prints_noise", "get output"},
    {"prints_noise_at_exit", "get output"},
    {"skips_item", "get items"},
    {"fetches_twice", "get items"},
    {"fetches_another", "get items"},
    {"shares_session", "scrape sessions"},
    {"shares_cookie", "scrape sessions"},
    {"exceeds_workers", "get workers"},
    {"opens_connections", "get connections kept"},
    {"reuses_connection", "get connections fresh"},
    {"connects_twice", "scrape connections fresh"},
    {"reports_early", "get completion"},
    {"invalid_report", "get report"},
    {"wrong_outcomes", "get report"},
    {"reports_seconds", "get report"},
    {"wrong_clock", "get report"},
    {"half_after_end", "get report"},
    {"histogram_without_an_item", "get report"},
    {"histogram_in_ms", "get report"},
    {"histogram_in_ns", "scrape report"},
    {"histogram_out_of_order", "get report"},
    {"ends_in_batch", "get report"},
    {"hangs_in_batch", "get report"},
    {"wrong_digest", "get digest"},
    {"short_digest", "get digest"},
    {"exits_with_1", "get exit"},
    {"ignores_exit", "get exit"},
    {"always_uses_two_workers", "get one worker"},
    {"accepts_any_line", "get other line"},
    {"skips_single_item", "get one item"},
    {"ignores_closed_input", "get closed input"},
    {"loses_error", "get failed requests"},
    {"accepts_any_status", "get failed requests"},
    {"accepts_part_of_page", "get failed requests"},
    {"guesses_fare", "scrape invalid pages"},
    {"skips_invalid_fare", "scrape invalid pages"},
    {"ends_without_server", "get no server"},
    {"skips_warm_up", "get warm-up"},
    {"reports_warm_up", "get warm-up"},
    {"ignores_closed_input_before_go", "closed input before go"},
    {"runs_at_any_line", "other line before go"},
    {"accepts_any_task", "unknown task"},
};

INSTANTIATE_TEST_SUITE_P(mutants, check_of_mutant, testing::ValuesIn(mutants),
                         [](const auto& named) { return std::string{named.param.name}; });

TEST(check_client, client_of_one_task_names_flag_for_it) {
  const auto result = check("sh -c 'exit 2'");
  EXPECT_EQ(result.failures(), (std::vector<std::string>{"get start", "scrape start"})) << result.lines;
  EXPECT_TRUE(result.lines.contains("--task scrape checks the other task alone")) << result.lines;
}

TEST(check_client, command_prints_lines_and_exits_with_1) {
  const auto result =
      test::run_command("'" FAREBENCH_BIN_DIR "/bench' --check-client 'sh -c \"exit 3\"' --task get");
  EXPECT_EQ(result.exit_code, 1) << result.errors;
  EXPECT_EQ(
      result.output,
      "FAIL  get start: the client ended with exit code 3 before it was ready; print 'farebench-client 2 "
      "ready' first, and flush it\n"
      "note  get other checks: left out until these lines are ok\n");
}

}  // namespace
}  // namespace farebench
