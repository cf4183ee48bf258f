#include "bench/track/machine.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <array>

namespace farebench::track {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr machine made_up() {
  return {
      .cpu_model = "Intel(R) Xeon(R) CPU @ 2.60GHz", .cores = 2, .kernel = "Linux 6.18", .memory_gib = 24};
}

TEST(machine, has_a_name_that_people_can_read) {
  EXPECT_THAT(made_up().name(), testing::MatchesRegex("intel-xeon-2-60ghz-2c-24g-[0-9a-f]{8}"));
}

TEST(machine, has_another_name_when_anything_of_it_differs) {
  const auto name = made_up().name();
  auto other = made_up();
  other.cores = 4;
  EXPECT_NE(other.name(), name);
  other = made_up();
  other.kernel = "Linux 6.19";
  EXPECT_NE(other.name(), name);
  other = made_up();
  other.memory_gib = 23;
  EXPECT_NE(other.name(), name);
  other = made_up();
  other.cpu_model = "Intel(R) Xeon(R) @ 2.60GHz";
  EXPECT_NE(other.name(), name) << "though it reads the same";
}

TEST(machine, of_this_one_is_known_without_its_host_name) {
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

TEST(machine_load, is_read_from_what_the_kernel_writes) {
  const auto now =
      parse_load("0.42 1.00 2.00 1/100 1234\n", "cpu  100 0 50 800 30 5 5 10 3 0\ncpu0 1 1 1 1\n");
  EXPECT_DOUBLE_EQ(now.load_average, 0.42);
  EXPECT_EQ(now.ticks, 1000u);
  EXPECT_EQ(now.idle_ticks, 830u);
  EXPECT_EQ(now.stolen_ticks, 10u);
}

TEST(machine_load, between_two_readings_is_in_percent_of_the_time) {
  const auto before = parse_load("0 0 0", "cpu 100 0 50 800 30 5 5 10");
  const auto after = parse_load("1 0 0", "cpu 160 0 60 870 30 5 5 70");
  EXPECT_DOUBLE_EQ(steal_percent(before, after), 30);
  EXPECT_DOUBLE_EQ(busy_percent(before, after), 65);
  EXPECT_EQ(steal_percent(after, after), 0);
}

TEST(machine_load, of_a_kernel_that_tells_nothing_is_nothing) {
  const auto now = parse_load("", "");
  EXPECT_EQ(now.load_average, 0);
  EXPECT_EQ(now.ticks, 0u);
}

TEST(canary, is_one_figure_that_moves_by_a_share_when_the_machine_does) {
  const canary once{.cpu_ms = 10, .memory_ms = 20, .loopback_ms = 5};
  const canary slower{.cpu_ms = 11, .memory_ms = 22, .loopback_ms = 5.5};
  EXPECT_DOUBLE_EQ(once.figure(), 10);
  EXPECT_NEAR(slower.figure() / once.figure(), 1.1, 1e-12);
}

TEST(canary, of_this_machine_takes_time_in_each_part) {
  const auto seen = measure_canary();
  EXPECT_GT(seen.cpu_ms, 0);
  EXPECT_GT(seen.memory_ms, 0);
  EXPECT_GT(seen.loopback_ms, 0);
}

}  // namespace
}  // namespace farebench::track
