// The program bench under CPU quotas and on part of the processors.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <thread>

#include "lib/system/cpu_limits.hpp"
#include "tests/bench/scratch_folder.hpp"
#include "tests/support/run_command.hpp"
#include "tests/support/waiting.hpp"

namespace farebench {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A control group below this process's own. Removed by the destructor.
class child_group {
 public:
  /// `name` differs from that of other groups of this process.
  child_group(const std::string& name, int quota_us, int period_us) {
    const auto own = control_groups("cpu");
    if (own.empty()) {
      obstacle_ = "no control group is mounted";
      return;
    }
    folder_ = own.front() / fmt::format("farebench-test-{}-{}", ::getpid(), name);
    std::error_code error;
    if (!fs::create_directory(folder_, error)) {
      obstacle_ = fmt::format("{} cannot be created: {}", folder_.string(), error.message());
      return;
    }
    // With the highest weight, a busy machine leaves it enough to exceed a low quota.
    if (fs::exists(folder_ / "cpu.cfs_quota_us")) {
      write("cpu.shares", "262144");
      write("cpu.cfs_period_us", std::to_string(period_us));
      write("cpu.cfs_quota_us", std::to_string(quota_us));
    } else {
      write("cpu.weight", "10000");
      write("cpu.max", fmt::format("{} {}", quota_us, period_us));
    }
  }
  ~child_group() {
    // Fails while a process of the group ends.
    const auto is_removed = [this] {
      std::error_code error;
      fs::remove(folder_, error);
      return !error;
    };
    if (!folder_.empty() && !test::wait_until(is_removed)) ADD_FAILURE() << folder_ << " cannot be removed";
  }
  child_group(const child_group&) = delete;
  child_group& operator=(const child_group&) = delete;

  /// Reason why the group cannot be used; empty if it can.
  const std::string& obstacle() const { return obstacle_; }

  /// Runs a shell command in the group.
  test::finished_command run(const std::string& command) const {
    return test::run_command(
        fmt::format("echo $$ > '{}' && {}", (folder_ / "cgroup.procs").string(), command));
  }

 private:
  void write(const char* name, const std::string& text) {
    std::ofstream file{folder_ / name};
    if (!(file << text << std::flush))
      obstacle_ = fmt::format("{} of {} cannot be written: {}", name, folder_.string(), std::strerror(errno));
  }

  fs::path folder_;
  std::string obstacle_;
};

class bench_with_quota : public testing::Test {
 protected:
  std::string command() const {
    return fmt::format(
        "{}/bench --strategies multi_socket --workers 10 --benchmark_repetitions=1 "
        "--benchmark_format=json --journal {}",
        FAREBENCH_BIN_DIR, (scratch_ / "journal").string());
  }

  scratch_folder scratch_;
};

TEST_F(bench_with_quota, exceeded_quota_fails_the_row) {
  // The lowest quota that the kernel accepts: also on a busy machine, a process exceeds it in one time slice.
  const child_group group{"exceeded", 1'000, 5'000};
  if (!group.obstacle().empty()) GTEST_SKIP() << group.obstacle();
  const auto run = group.run(command() + " --latency 0 --days 500");
  EXPECT_EQ(run.exit_code, 1) << run.errors;
  const auto result = nlohmann::json::parse(run.output);
  EXPECT_EQ(result["context"]["cpu_quota"], "0.2");
  const auto& row = result["benchmarks"][0];
  EXPECT_GT(row["throttled_share"], 0.01);
  EXPECT_THAT(row.value("error_message", ""), StartsWith("throttled: a CPU quota took "));
}

TEST_F(bench_with_quota, unused_quota_is_no_failure) {
  if (read_cpu_limits().quota.value_or(8) < 8) GTEST_SKIP() << "this process has a lower CPU quota";
  const child_group group{"unused", 800'000, 100'000};
  if (!group.obstacle().empty()) GTEST_SKIP() << group.obstacle();
  const auto run = group.run(command());
  const auto result = nlohmann::json::parse(run.output);
  EXPECT_EQ(result["context"]["cpu_quota"], "8");
  const auto& row = result["benchmarks"][0];
  EXPECT_EQ(row["throttled_share"], 0);
  // A busy machine may fail it as late.
  EXPECT_THAT(row.value("error_message", ""), Not(HasSubstr("throttled")));
}

TEST_F(bench_with_quota, affinity_is_in_the_context) {
  test::finished_command run;
  std::jthread{[&] {
    cpu_set_t usable;
    CPU_ZERO(&usable);
    CPU_SET(::sched_getcpu(), &usable);
    ASSERT_EQ(::sched_setaffinity(0, sizeof usable, &usable), 0);
    run = test::run_command(command() + " --smoke");
  }}.join();
  EXPECT_EQ(nlohmann::json::parse(run.output)["context"]["usable_cpus"], "1");
}

}  // namespace
}  // namespace farebench
