// track compare --client, with builds of fetch_probe as clients.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "lib/system/build_identity.hpp"
#include "tests/support/run_command.hpp"

namespace farebench::track {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const fs::path programs{FAREBENCH_BIN_DIR};

/// Returns --client NAME=COMMAND for a strategy of fetch_probe.
std::string probe_client(const std::string& name, const std::string& strategy,
                         const std::string& environment = {}) {
  return fmt::format("--client '{}={}{} --strategy {}'", name, environment,
                     (programs / "fetch_probe").string(), strategy);
}

/// Runs track compare with a tiny workload, outside of any repository.
test::finished_command compare_clients(const std::string& arguments,
                                       const std::string& track = programs / "track") {
  return test::run_command(
      fmt::format("cd / && {} compare {} --pairs 6 -- --smoke --workers 2", track, arguments));
}

nlohmann::json finding_of(const nlohmann::json& result, std::string_view metric) {
  for (const auto& one : result["findings"])
    if (one["metric"] == metric) return one;
  return {{"verdict", "absent"}};
}

TEST(compare_clients, more_allocations_are_a_regression) {
  if (!this_build().sanitizers.empty()) GTEST_SKIP() << "heaps cannot be counted under a sanitizer";
  const auto run = compare_clients(probe_client("few", "raw_epoll") + " " +
                                   probe_client("many", "thread_pool") + " --json");
  EXPECT_EQ(run.exit_code, 1) << run.errors;
  const auto result = nlohmann::json::parse(run.output);
  EXPECT_EQ(finding_of(result, "allocations_per_request")["verdict"], "regression") << run.output;
  EXPECT_NE(finding_of(result, "heap_peak_bytes")["verdict"], "absent");
  for (const auto& one : result["findings"])
    EXPECT_EQ(one["series"], "fetch/strategy:client/workers:2/latency_ms:1/page_kb:3/days:6/engine:beast");
  EXPECT_EQ(result["base"]["name"], "few");
  EXPECT_THAT(result["base"]["command"], HasSubstr("--strategy raw_epoll"));
  EXPECT_FALSE(result["base"].contains("version")) << "raw_epoll has no HTTP library";
  EXPECT_EQ(result["head"]["name"], "many");
  EXPECT_THAT(result["head"]["version"], HasSubstr("libcurl/"));
  EXPECT_FALSE(result["head"].contains("commit"));
  EXPECT_EQ(result["same_program"], false);
  EXPECT_TRUE(fs::exists(programs / "track-noise")) << "noise is kept for the floor";
}

TEST(compare_clients, one_command_is_an_a_a) {
  std::string folder = fs::temp_directory_path() / "farebench-clients-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  // An installed program, whose cache folder takes no noise.
  const fs::path installed{folder};
  fs::copy_file(programs / "track", installed / "track");
  for (const char* part : {"mock_server", "libheap_count.so"})
    if (fs::exists(programs / part)) fs::create_symlink(programs / part, installed / part);
  fs::create_directory(installed / "farebench");
  std::ofstream{installed / "farebench/track-noise"} << "no folder";
  const auto run =
      compare_clients(probe_client("one", "coroutines") + " " + probe_client("two", "coroutines") + " --json",
                      fmt::format("XDG_CACHE_HOME={0} {0}/track", installed.string()));
  fs::remove_all(installed);
  ASSERT_NE(run.exit_code, 2) << run.errors;
  const auto result = nlohmann::json::parse(run.output);
  EXPECT_EQ(result["same_program"], true);
  EXPECT_THAT(result["notes"].dump(), HasSubstr("an A/A"));
  EXPECT_THAT(result["notes"].dump(), HasSubstr("the noise is not kept: write "));
  EXPECT_EQ(result["base"]["version"], result["head"]["version"]);
  EXPECT_EQ(result["findings"].size(), this_build().sanitizers.empty() ? 5u : 3u) << "no side failed";
}

TEST(compare_clients, uncounted_heaps_are_absent) {
  const auto run = compare_clients(probe_client("one", "coroutines", "LD_PRELOAD= ") + " " +
                                   probe_client("two", "coroutines", "LD_PRELOAD='' ") + " --json");
  ASSERT_NE(run.exit_code, 2) << run.errors;
  const auto result = nlohmann::json::parse(run.output);
  EXPECT_EQ(finding_of(result, "heap_peak_bytes")["verdict"], "absent");
  EXPECT_EQ(finding_of(result, "allocations_per_request")["verdict"], "absent");
  EXPECT_NE(finding_of(result, "rss_growth_bytes")["verdict"], "absent") << run.output;
}

TEST(compare_clients, failing_client_is_judged_like_a_commit) {
  const auto works = probe_client("works", "coroutines");
  const std::string fails = "--client 'fails=/bin/sh -c \"exit 7\"'";
  const std::string fails_too = "--client 'fails_too=/bin/sh -c \"exit 8\"'";
  const auto summary = fs::temp_directory_path() / fmt::format("farebench-summary-{}.md", getpid());
  const auto worse = compare_clients(fmt::format("{} {} --summary {}", works, fails, summary.string()));
  EXPECT_EQ(worse.exit_code, 1) << worse.errors;
  std::ifstream file{summary};
  const std::string markdown{std::istreambuf_iterator<char>{file}, {}};
  fs::remove(summary);
  EXPECT_THAT(markdown, HasSubstr("(`/bin/sh -c \"exit 7\"`)"));
  EXPECT_THAT(worse.output, HasSubstr("of head: the client ended with exit code 7 before it was ready"));
  const auto better = compare_clients(fails + " " + works);
  EXPECT_EQ(better.exit_code, 0) << better.errors;
  EXPECT_THAT(better.output, HasSubstr("Improvements"));
  EXPECT_EQ(compare_clients(fails + " " + fails_too).exit_code, 0);
  EXPECT_EQ(compare_clients(fails + " " + fails_too + " --strict").exit_code, 3);
}

TEST(compare_clients, invalid_arguments_give_one_line_and_exit_code_2) {
  const auto one = probe_client("one", "coroutines");
  const auto two = one + " " + probe_client("two", "fibers");
  for (const auto& [bad, why] :
       {std::pair{std::string{}, "name BASE and HEAD, or two clients"},
        {one, "--client is given 1 time: give it twice"},
        {two + " " + probe_client("three", "fibers"), "--client is given 3 times: give it twice"},
        {one + " HEAD", "'HEAD' and --client"},
        {two + " HEAD HEAD~", "'HEAD' and --client"},
        {one + " --client name", "write NAME=COMMAND"},
        {one + " --client 'other=/no-such-program'", "/no-such-program"},
        {one + " " + one, "two clients are named client:one"},
        {two + " -- --strategies fibers", "--strategies has no meaning behind '--'"},
        {two + " -- --loops=2", "--loops has no meaning behind '--'"},
        {two + " -- --client three=/bin/true", "--client has no meaning behind '--'"},
        {two + " -- --clients all", "--clients has no meaning behind '--'"},
        {two + " -- --server http://127.0.0.1:1", "--server has no effect on a comparison"},
        {two + " -- --shard 1/2", "--shard has no effect on compare, which measures all cases: remove it"},
        {two + " -- --benchmark_repetitions=3", "has no effect on a comparison"},
        {two + " -- --workers 0", "--workers"}}) {
    const auto run =
        test::run_command(fmt::format("cd / && {} compare {}", (programs / "track").string(), bad));
    EXPECT_EQ(run.exit_code, 2) << bad << ": " << run.errors;
    EXPECT_EQ(std::ranges::count(run.errors, '\n'), 1) << bad << ": " << run.errors;
    EXPECT_THAT(run.errors, HasSubstr(why)) << bad;
    EXPECT_EQ(run.output, "") << bad;
  }
}

}  // namespace
}  // namespace farebench::track
