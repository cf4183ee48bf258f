// The peers as rows of the bench, each where its packages can be imported.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bench/clients/clients.hpp"
#include "bench/columns.hpp"
#include "lib/system/build_identity.hpp"
#include "tests/support/run_command.hpp"

namespace farebench {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

test::finished_command bench(const std::string& arguments, const std::string& environment = {}) {
  return test::run_command(
      fmt::format("cd / && {} {}/bench --smoke {}", environment, FAREBENCH_BIN_DIR, arguments));
}

class each_peer : public testing::TestWithParam<std::string_view> {};

TEST_P(each_peer, has_its_memory_over_time_with_all_phases) {
  const std::string name{GetParam()};
  const auto found = find_peer_libraries(command_of_peers(FAREBENCH_BIN_DIR));
  if (is_unready(name, found)) GTEST_SKIP() << note_on_skipped(std::vector{name}, found);

  std::string file = fs::temp_directory_path() / "farebench-curves-XXXXXX";
  close(mkstemp(file.data()));
  const auto run =
      bench(fmt::format("--strategies {0} --workers 3 --days 7 --timeline {1} >/dev/null && "
                        "cat {1}; rm {1}",
                        name, file));
  ASSERT_NE(run.output, "") << run.errors;
  const auto curves = nlohmann::json::parse(run.output)["curves"];
  ASSERT_EQ(curves.size(), 1u) << run.output;
  const auto& phases = curves[0]["phases_ms"];
  std::vector<double> moments;
  for (const char* phase : {"ready", "go", "half_done", "last_outcome", "exit"}) {
    ASSERT_TRUE(phases.contains(phase)) << phases;
    moments.push_back(phases[phase]);
  }
  EXPECT_TRUE(std::ranges::is_sorted(moments)) << phases;
  EXPECT_GE(curves[0]["points"].size(), 3u);
}

TEST_P(each_peer, brings_home_all_fares_with_every_column) {
  const std::string name{GetParam()};
  const auto found = find_peer_libraries(command_of_peers(FAREBENCH_BIN_DIR));
  if (is_unready(name, found)) GTEST_SKIP() << note_on_skipped(std::vector{name}, found);

  // More days than workers: each has a connection of its own, which the judge counts.
  const auto run = bench(fmt::format("--strategies {} --workers 3 --days 7 --benchmark_format=json", name));
  ASSERT_EQ(run.exit_code, 0) << run.errors << run.output;
  const auto result = nlohmann::json::parse(run.output);
  ASSERT_EQ(result["benchmarks"].size(), 1u);
  const auto& row = result["benchmarks"][0];
  for (const auto& column : column_names()) {
    const bool counted = column == "heap_peak_bytes" || column == "allocations_per_request";
    if (counted && !this_build().sanitizers.empty()) continue;
    EXPECT_TRUE(row.contains(column)) << column;
  }
  EXPECT_EQ(row["errors"], 0);
  EXPECT_GT(row["fares"], 7);
  EXPECT_LE(row["in_flight_peak"], name == sequential_peer ? 1 : 3);
  if (row.contains("allocations_per_request")) {
    EXPECT_GT(row["allocations_per_request"], 500)
        << "Python's objects are counted one by one, not in arenas";
  }
  EXPECT_TRUE(result["context"].contains("python"));
  EXPECT_TRUE(result["context"].contains("bs4"));
}

INSTANTIATE_TEST_SUITE_P(peers, each_peer, testing::ValuesIn(peer_names),
                         [](const auto& instance) { return std::string{instance.param}; });

/// A folder whose modules of those names cannot be imported.
class peers_without_packages : public testing::Test {
 protected:
  peers_without_packages() {
    std::string pattern = fs::temp_directory_path() / "farebench-peers-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    for (const char* module : {"requests", "gevent", "aiohttp", "bs4"})
      std::ofstream{folder_ / fmt::format("{}.py", module)} << "raise ImportError('not here')\n";
  }
  ~peers_without_packages() override { fs::remove_all(folder_); }

  test::finished_command bench_here(const std::string& arguments) const {
    return bench(arguments, "PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=" + folder_.string());
  }

  fs::path folder_;
};

TEST_F(peers_without_packages, are_skipped_with_one_line_and_no_failure) {
  if (!fs::exists("/usr/bin/python3")) GTEST_SKIP() << "no /usr/bin/python3";
  const auto run = bench_here("--strategies python_sync,python_gevent");
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.output, "");
  EXPECT_EQ(run.errors,
            "bench: skipped for want of packages: python_sync, python_gevent; './dev bench --peers' installs "
            "them, or: apt-get install python3-bs4 python3-gevent python3-requests\n");
}

TEST_F(peers_without_packages, take_no_other_row_with_them) {
  if (!fs::exists("/usr/bin/python3")) GTEST_SKIP() << "no /usr/bin/python3";
  const auto run = bench_here("--strategies multi_socket --peers --workers 2 --benchmark_format=json");
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_EQ(nlohmann::json::parse(run.output)["benchmarks"].size(), 1u);
  EXPECT_THAT(run.errors,
              HasSubstr("packages: python_sync, python_threads, python_gevent, python_asyncio; "));
}

}  // namespace
}  // namespace farebench
