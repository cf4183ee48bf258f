#include "bench/track/machine.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <array>

namespace farebench::track {
namespace {

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

TEST(machine_load, is_parsed_from_the_texts_of_the_kernel) {
  const auto now =
      parse_load("0.42 1.00 2.00 1/100 1234\n", "cpu  100 0 50 800 30 5 5 10 3 0\ncpu0 1 1 1 1\n");
  EXPECT_DOUBLE_EQ(now.load_average, 0.42);
  EXPECT_EQ(now.ticks, 1000u);
  EXPECT_EQ(now.idle_ticks, 830u);
  EXPECT_EQ(now.stolen_ticks, 10u);
}

TEST(machine_load, two_readings_give_percent_of_the_time) {
  const auto before = parse_load("0 0 0", "cpu 100 0 50 800 30 5 5 10");
  const auto after = parse_load("1 0 0", "cpu 160 0 60 870 30 5 5 70");
  EXPECT_DOUBLE_EQ(steal_percent(before, after), 30);
  EXPECT_DOUBLE_EQ(busy_percent(before, after), 65);
  EXPECT_EQ(steal_percent(after, after), 0);
}

TEST(machine_load, missing_fields_are_zero) {
  const auto now = parse_load("", "");
  EXPECT_EQ(now.load_average, 0);
  EXPECT_EQ(now.ticks, 0u);
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
