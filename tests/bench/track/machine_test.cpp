#include "bench/track/machine.hpp"

#include <gmock/gmock.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

namespace farebench::track {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr machine example() {
  return {
      .cpu_model = "Intel(R) Xeon(R) CPU @ 2.60GHz", .cores = 2, .kernel = "Linux 6.18", .memory_gib = 24};
}

TEST(machine, name_is_readable) {
  EXPECT_THAT(example().name(), testing::MatchesRegex("intel-xeon-2-60ghz-2c-24g-[0-9a-f]{8}"));
}

TEST(machine, any_different_field_changes_the_name) {
  const auto name = example().name();
  auto other = example();
  other.cores = 4;
  EXPECT_NE(other.name(), name);
  other = example();
  other.kernel = "Linux 6.19";
  EXPECT_NE(other.name(), name);
  other = example();
  other.memory_gib = 23;
  EXPECT_NE(other.name(), name);
  other = example();
  other.cpu_model = "Intel(R) Xeon(R) @ 2.60GHz";
  EXPECT_NE(other.name(), name) << "though its readable part is equal";
}

TEST(machine, unlimited_machine_keeps_its_name) {
  // As in the names of earlier recordings.
  EXPECT_EQ(example().name(), "intel-xeon-2-60ghz-2c-24g-84ba4f1d");
}

TEST(machine, limits_are_in_the_name) {
  auto limited = example();
  limited.usable_cpus = 1;
  EXPECT_THAT(limited.name(), testing::MatchesRegex("intel-xeon-2-60ghz-2c-24g-usable-1-[0-9a-f]{8}"));
  limited.cpu_quota = 0.5;
  EXPECT_THAT(limited.name(),
              testing::MatchesRegex("intel-xeon-2-60ghz-2c-24g-usable-1-quota-0.5-[0-9a-f]{8}"));
  auto unlimited_hash = example().name();
  EXPECT_THAT(limited.name(), Not(testing::EndsWith(unlimited_hash.substr(unlimited_hash.size() - 8))));
}

TEST(machine, one_usable_processor_gives_another_machine) {
  if (this_machine().usable_cpus.value_or(2) < 2) GTEST_SKIP() << "this process may use one processor only";
  const auto all = this_machine();
  machine one;
  std::jthread{[&] {
    cpu_set_t usable;
    CPU_ZERO(&usable);
    CPU_SET(sched_getcpu(), &usable);
    ASSERT_EQ(sched_setaffinity(0, sizeof usable, &usable), 0);
    one = this_machine();
  }}.join();
  EXPECT_EQ(one.usable_cpus, 1u);
  EXPECT_EQ(one.cores, all.cores);
  EXPECT_NE(one.name(), all.name());
}

TEST(machine, name_of_this_machine_has_no_host_name) {
  const auto here = this_machine();
  EXPECT_GT(here.cores, 0);
  EXPECT_GT(here.memory_gib, 0);
  EXPECT_THAT(here.kernel, testing::MatchesRegex("Linux [0-9]+\\.[0-9]+"));
  EXPECT_EQ(here.name(), this_machine().name());
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  if (std::string_view{host.data()}.size() > 3) {
    EXPECT_THAT(here.name(), Not(HasSubstr(host.data())));
  }
}

TEST(machine_load, two_readings_give_percent_of_the_time) {
  const machine_load before{.processors = {.total = 10s, .idle = 8300ms, .steal = 100ms}};
  const machine_load after{.processors = {.total = 12s, .idle = 9s, .steal = 700ms}};
  EXPECT_DOUBLE_EQ(steal_percent(before, after), 30);
  EXPECT_DOUBLE_EQ(busy_percent(before, after), 65);
  EXPECT_EQ(steal_percent(after, after), 0);
}

TEST(machine_load, is_read_from_this_kernel) {
  const auto now = read_load();
  EXPECT_GE(now.load_average, 0);
  EXPECT_GT(now.processors.total, 0s);
}

TEST(canary, figure_scales_with_its_parts) {
  const canary once{.cpu_ms = 10, .memory_ms = 20, .loopback_ms = 5};
  const canary slower{.cpu_ms = 11, .memory_ms = 22, .loopback_ms = 5.5};
  EXPECT_DOUBLE_EQ(once.figure(), 10);
  EXPECT_NEAR(slower.figure() / once.figure(), 1.1, 1e-12);
}

TEST(canary, each_part_takes_time) {
  const auto canary = measure_canary(1);
  EXPECT_GT(canary.cpu_ms, 0);
  EXPECT_GT(canary.memory_ms, 0);
  EXPECT_GT(canary.loopback_ms, 0);
}

}  // namespace
}  // namespace farebench::track
