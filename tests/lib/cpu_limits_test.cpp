#include "lib/system/cpu_limits.hpp"

#include <gmock/gmock.h>
#include <sched.h>
#include <stdlib.h>

#include <fstream>
#include <map>
#include <stdexcept>
#include <thread>

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
namespace fs = std::filesystem;

/// A folder with the kernel's files of a made-up system.
class made_up_system {
 public:
  /// `cgroup` and `mountinfo` are those of the process. `files` are paths below sys/ and their contents.
  made_up_system(const std::string& cgroup, const std::string& mountinfo,
                 const std::map<std::string, std::string>& files = {}) {
    if (::mkdtemp(root_.data()) == nullptr) throw std::runtime_error{"mkdtemp " + root_};
    write("proc/self/cgroup", cgroup);
    write("proc/self/mountinfo", mountinfo);
    for (const auto& [name, text] : files) write("sys/" + name, text);
  }
  ~made_up_system() { fs::remove_all(root_); }
  made_up_system(const made_up_system&) = delete;
  made_up_system& operator=(const made_up_system&) = delete;

  fs::path root() const { return root_; }
  cpu_limits limits() const { return read_cpu_limits(root_); }
  /// Paths of the groups below the root.
  std::vector<std::string> groups(std::string_view controller = "cpu") const {
    std::vector<std::string> names;
    for (const auto& group : control_groups(controller, root_))
      names.push_back(group.lexically_relative(root_).string());
    return names;
  }

 private:
  void write(const std::string& name, const std::string& text) const {
    const auto path = fs::path{root_} / name;
    fs::create_directories(path.parent_path());
    std::ofstream{path} << text;
  }

  std::string root_ = fs::temp_directory_path() / "farebench-test-XXXXXX";
};

const std::string version_2 =
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const std::string version_1 =
    "31 23 0:28 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "33 31 0:30 / /sys/fs/cgroup/cpuset rw,nosuid shared:10 - cgroup cgroup rw,cpuset\n";

TEST(control_groups, version_2_gives_own_group_and_those_above) {
  const made_up_system system{"0::/user.slice/run.scope\n", version_2};
  EXPECT_THAT(system.groups(),
              ElementsAre("sys/fs/cgroup/user.slice/run.scope", "sys/fs/cgroup/user.slice", "sys/fs/cgroup"));
  EXPECT_EQ(system.groups("cpuset"), system.groups());
}

TEST(control_groups, version_1_finds_controllers_mounted_together) {
  const made_up_system system{"5:cpuset:/\n4:cpu,cpuacct:/job\n1:name=systemd:/other\n", version_1};
  EXPECT_THAT(system.groups(), ElementsAre("sys/fs/cgroup/cpu,cpuacct/job", "sys/fs/cgroup/cpu,cpuacct"));
  EXPECT_THAT(system.groups("cpuset"), ElementsAre("sys/fs/cgroup/cpuset"));
}

TEST(control_groups, hybrid_system_has_controllers_in_version_1) {
  const made_up_system system{"4:cpu,cpuacct:/job\n0::/unified\n",
                              version_1 + "34 31 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"};
  EXPECT_THAT(system.groups(), ElementsAre("sys/fs/cgroup/cpu,cpuacct/job", "sys/fs/cgroup/cpu,cpuacct"));
  EXPECT_THAT(system.groups("cpuset"), ElementsAre("sys/fs/cgroup/unified/unified", "sys/fs/cgroup/unified"));
}

TEST(control_groups, container_without_namespace_sees_its_mounted_part) {
  const made_up_system system{"4:cpu:/docker/a1/child\n",
                              "32 31 0:29 /docker/a1 /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"};
  EXPECT_THAT(system.groups(), ElementsAre("sys/fs/cgroup/cpu/child", "sys/fs/cgroup/cpu"));
}

TEST(control_groups, container_with_namespace_sees_its_root) {
  const made_up_system system{"0::/\n", version_2};
  EXPECT_THAT(system.groups(), ElementsAre("sys/fs/cgroup"));
}

TEST(control_groups, group_outside_of_mounts_gives_none) {
  EXPECT_THAT(made_up_system("0::/../job\n", version_2).groups(), IsEmpty());
  const std::string other = "30 23 0:26 /docker/b /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  EXPECT_THAT(made_up_system("0::/docker/bc\n", other).groups(), IsEmpty());
  const std::string above = "30 23 0:26 /.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  EXPECT_THAT(made_up_system("0::/\n", above).groups(), IsEmpty());
}

TEST(control_groups, mount_that_shows_most_groups_counts) {
  const made_up_system system{"0::/a/b\n", "29 23 0:26 /a /mnt/a rw - cgroup2 cgroup2 rw\n" + version_2 +
                                               "31 23 0:26 /a/b /mnt/b rw - cgroup2 cgroup2 rw\n"};
  EXPECT_THAT(system.groups(), ElementsAre("sys/fs/cgroup/a/b", "sys/fs/cgroup/a", "sys/fs/cgroup"));
}

TEST(control_groups, escapes_in_mountinfo_are_decoded) {
  const made_up_system system{"0::/machine\\x2d1/a:b c\n",
                              "30 23 0:26 /machine\\134x2d1 /sys/my\\040groups rw - cgroup2 cgroup2 rw\n"};
  EXPECT_THAT(system.groups(), ElementsAre("sys/my groups/a:b c", "sys/my groups"));
}

TEST(control_groups, system_without_control_groups_has_none) {
  const made_up_system system{"", "27 1 254:0 / / rw - ext4 /dev/vda rw\n"};
  EXPECT_THAT(system.groups(), IsEmpty());
  EXPECT_EQ(system.limits().quota, std::nullopt);
  EXPECT_EQ(system.limits().cpuset, "");
  EXPECT_EQ(throttled_time(system.root()), std::nullopt);
  EXPECT_THAT(control_groups("cpu", "/nonexistent"), IsEmpty());
}

TEST(control_groups, invalid_lines_are_skipped) {
  const made_up_system system{"x\n4:cpu\n0::/a\n", "\n1 2\n1 2 3 / - cgroup2\n" + version_2};
  EXPECT_THAT(system.groups(), ElementsAre("sys/fs/cgroup/a", "sys/fs/cgroup"));
}

TEST(cpu_limits, lowest_quota_of_version_2_counts) {
  const made_up_system system{"0::/a/b/c\n",
                              version_2,
                              {{"fs/cgroup/a/b/c/cpu.max", "max 100000\n"},
                               {"fs/cgroup/a/b/cpu.max", "20000 100000\n"},
                               {"fs/cgroup/a/cpu.max", "15000 10000\n"}}};
  EXPECT_EQ(system.limits().quota, 0.2);
}

TEST(cpu_limits, lowest_quota_of_version_1_counts) {
  const std::string folder = "fs/cgroup/cpu,cpuacct/";
  const made_up_system system{"4:cpu,cpuacct:/a/b\n",
                              version_1,
                              {{folder + "a/b/cpu.cfs_quota_us", "80000\n"},
                               {folder + "a/b/cpu.cfs_period_us", "100000\n"},
                               {folder + "a/cpu.cfs_quota_us", "25000\n"},
                               {folder + "a/cpu.cfs_period_us", "50000\n"},
                               {folder + "cpu.cfs_quota_us", "-1\n"},
                               {folder + "cpu.cfs_period_us", "100000\n"}}};
  EXPECT_EQ(system.limits().quota, 0.5);
}

TEST(cpu_limits, no_quota_is_absent) {
  EXPECT_EQ(made_up_system("0::/a\n", version_2, {{"fs/cgroup/a/cpu.max", "max 100000\n"}}).limits().quota,
            std::nullopt);
  EXPECT_EQ(made_up_system("4:cpu:/\n", version_1, {{"fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"}})
                .limits()
                .quota,
            std::nullopt);
}

TEST(cpu_limits, cpuset_of_all_processors_is_empty) {
  const auto cpuset = [](const std::string& online) {
    const made_up_system system{"0::/a/b\n",
                                version_2,
                                {{"fs/cgroup/a/cpuset.cpus.effective", "0-1\n"},
                                 {"fs/cgroup/cpuset.cpus.effective", "0-7\n"},
                                 {"devices/system/cpu/online", online}}};
    return system.limits().cpuset;
  };
  EXPECT_EQ(cpuset("0-7\n"), "0-1") << "the group above has the controller";
  EXPECT_EQ(cpuset("0-1\n"), "");
}

TEST(cpu_limits, cpuset_of_version_1_is_read) {
  const made_up_system system{
      "5:cpuset:/a\n",
      version_1,
      {{"fs/cgroup/cpuset/a/cpuset.effective_cpus", "0,3\n"}, {"devices/system/cpu/online", "0-3\n"}}};
  EXPECT_EQ(system.limits().cpuset, "0,3");
}

TEST(cpu_limits, affinity_bounds_usable_cpus) {
  const auto all = read_cpu_limits().usable_cpus;
  EXPECT_GE(all, 1u);
  std::size_t one = 0;
  std::jthread{[&] {
    cpu_set_t usable;
    CPU_ZERO(&usable);
    CPU_SET(::sched_getcpu(), &usable);
    EXPECT_EQ(::sched_setaffinity(0, sizeof usable, &usable), 0);
    one = read_cpu_limits().usable_cpus;
  }}.join();
  EXPECT_EQ(one, 1u);
}

TEST(throttled_time, version_2_is_summed_over_groups) {
  const made_up_system system{
      "0::/a/b\n",
      version_2,
      {{"fs/cgroup/a/b/cpu.stat", "usage_usec 900\nnr_periods 4\nnr_throttled 2\nthrottled_usec 1500\n"},
       {"fs/cgroup/a/cpu.stat", "usage_usec 900\nthrottled_usec 20\n"},
       {"fs/cgroup/cpu.stat", "usage_usec 900\n"}}};
  EXPECT_EQ(throttled_time(system.root()), 1520us);
}

TEST(throttled_time, version_1_is_summed_over_groups) {
  const std::string folder = "fs/cgroup/cpu,cpuacct/";
  const made_up_system system{
      "4:cpu,cpuacct:/a\n",
      version_1,
      {{folder + "a/cpu.stat", "nr_periods 4\nnr_throttled 2\nthrottled_time 1500000\n"},
       {folder + "cpu.stat", "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n"}}};
  EXPECT_EQ(throttled_time(system.root()), 1500us);
}

TEST(throttled_time, group_without_quota_is_not_throttled) {
  const made_up_system system{"0::/a\n", version_2, {{"fs/cgroup/a/cpu.stat", "usage_usec 900\n"}}};
  EXPECT_EQ(throttled_time(system.root()), 0ns);
}

TEST(throttled_time, time_of_this_process_never_falls) {
  const auto before = throttled_time();
  if (!before) GTEST_SKIP() << "no control group is mounted";
  EXPECT_GE(throttled_time().value(), *before);
}

}  // namespace
}  // namespace farebench
