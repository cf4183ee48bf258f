// Python clients as rows of the bench. Clients whose packages are missing are skipped.

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
#include "lib/system/cpu_limits.hpp"
#include "tests/support/run_command.hpp"

namespace farebench {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

test::finished_command bench(const std::string& arguments, const std::string& environment = {}) {
  return test::run_command(
      fmt::format("cd / && {} {}/bench --smoke {}", environment, FAREBENCH_BIN_DIR, arguments));
}

class python_client : public testing::TestWithParam<std::string> {};

TEST_P(python_client, timeline_has_all_phases) {
  const std::string& name = GetParam();
  const auto libraries = find_python_libraries(make_python_command(FAREBENCH_BIN_DIR));
  if (!libraries.has_all_of(name)) GTEST_SKIP() << skip_message(std::vector{name}, libraries);

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

TEST_P(python_client, row_has_all_fares_and_columns) {
  const std::string& name = GetParam();
  const auto libraries = find_python_libraries(make_python_command(FAREBENCH_BIN_DIR));
  if (!libraries.has_all_of(name)) GTEST_SKIP() << skip_message(std::vector{name}, libraries);

  // More days than workers: the judge expects a connection per day.
  const auto run = bench(fmt::format("--strategies {} --workers 3 --days 7 --benchmark_format=json", name));
  ASSERT_EQ(run.exit_code, 0) << run.errors << run.output;
  const auto result = nlohmann::json::parse(run.output);
  ASSERT_EQ(result["benchmarks"].size(), 1u);
  const auto& row = result["benchmarks"][0];
  for (const auto& column : counter_names()) {
    const bool counted = column == "heap_peak_bytes" || column == "allocations_per_request";
    if (counted && !this_build().sanitizers.empty()) continue;
    // Lost with the threads of a pool.
    if (column == "run_queue_delay_ms" && name == "python_threads") continue;
    if (column == "throttled_share" && !throttled_time()) continue;
    EXPECT_TRUE(row.contains(column)) << column;
  }
  EXPECT_EQ(row["errors"], 0);
  EXPECT_GT(row["fares"], 7);
  EXPECT_LE(row["in_flight_peak"], name == "python_sync" ? 1 : 3);
  if (row.contains("allocations_per_request")) {
    EXPECT_GT(row["allocations_per_request"], 500) << "objects are counted one by one and not in arenas";
  }
  EXPECT_TRUE(result["context"].contains("python"));
  EXPECT_TRUE(result["context"].contains("bs4"));
}

INSTANTIATE_TEST_SUITE_P(clients, python_client, testing::ValuesIn(client_names(client_kind::python)),
                         [](const auto& instance) { return instance.param; });

/// Prevents the import of the Python clients' packages.
class missing_packages : public testing::Test {
 protected:
  missing_packages() {
    std::string pattern = fs::temp_directory_path() / "farebench-python-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    for (const char* module : {"requests", "gevent", "aiohttp", "bs4"})
      std::ofstream{folder_ / fmt::format("{}.py", module)} << "raise ImportError('not here')\n";
  }
  ~missing_packages() override { fs::remove_all(folder_); }

  test::finished_command bench_without_packages(const std::string& arguments) const {
    return bench(arguments, "PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=" + folder_.string());
  }

  fs::path folder_;
};

TEST_F(missing_packages, skip_rows_with_one_line_and_succeed) {
  if (!fs::exists("/usr/bin/python3")) GTEST_SKIP() << "no /usr/bin/python3";
  const auto run = bench_without_packages("--strategies python_sync,python_gevent");
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.output, "");
  EXPECT_EQ(run.errors,
            "bench: skipped because packages are missing: python_sync, python_gevent; './dev bench --peers' "
            "installs them, or: apt-get install python3-bs4 python3-gevent python3-requests\n");
}

TEST_F(missing_packages, keep_rows_of_other_clients) {
  if (!fs::exists("/usr/bin/python3")) GTEST_SKIP() << "no /usr/bin/python3";
  const auto run =
      bench_without_packages("--strategies multi_socket --peers --workers 2 --benchmark_format=json");
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_EQ(nlohmann::json::parse(run.output)["benchmarks"].size(), 1u);
  EXPECT_THAT(run.errors, HasSubstr("missing: python_sync, python_threads, python_gevent, python_asyncio; "));
}

}  // namespace
}  // namespace farebench
