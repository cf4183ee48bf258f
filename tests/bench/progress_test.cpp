#include "bench/progress.hpp"

#include <gmock/gmock.h>

#include <limits>
#include <string>
#include <vector>

#include "bench/output/text_table.hpp"
#include "tests/bench/output/sample_results.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::StartsWith;

constexpr auto any_width = std::numeric_limits<std::size_t>::max();

std::vector<benchmark_case> two_cases() {
  return {sample_result("sequential", 1, 1).parameters, sample_result("fibers", 100, 1).parameters};
}

TEST(pace, begins_with_the_ideals) {
  const auto cases = two_cases();
  const double ideals = 2 * 100 * 0.020 + 2 * 0.020;
  const pace measured{cases, 5};
  EXPECT_GT(measured.left().count(), 5 * ideals);
  EXPECT_LT(measured.left().count(), 10 * ideals);
}

TEST(pace, cases_without_repetition_follow_the_others) {
  const auto cases = two_cases();
  pace measured{cases, 1};
  const auto before = measured.left();
  measured.add(cases[0], 60s);
  const auto fibers_left = measured.left();
  EXPECT_LT(fibers_left, before) << "a wave of fibers is much shorter than 100 days in sequence";
  pace faster{cases, 1};
  faster.add(cases[0], 6s);
  EXPECT_NEAR(fibers_left / faster.left(), 10, 1e-6);
}

TEST(pace, follows_the_repetitions_of_each_case) {
  const auto cases = two_cases();
  pace measured{cases, 3};
  for (int repetition = 0; repetition < 3; ++repetition) measured.add(cases[0], 1s);
  measured.add(cases[1], 8s);
  EXPECT_NEAR(measured.left().count(), 2 * 4, 1e-6)
      << "the first repetition of fibers had a counted run, the two that are left have none";
}

TEST(pace, is_never_negative) {
  const auto cases = two_cases();
  pace measured{cases, 1};
  // Repetitions beyond the expected ones.
  for (int repetition = 0; repetition < 3; ++repetition) {
    for (const auto& row : cases) measured.add(row, 1ms);
    EXPECT_GE(measured.left().count(), 0);
  }
}

TEST(format_time_left, is_in_units_that_people_read) {
  EXPECT_EQ(format_time_left(0s), "0 s");
  EXPECT_EQ(format_time_left(-3s), "0 s");
  EXPECT_EQ(format_time_left(19'100ms), "20 s");
  EXPECT_EQ(format_time_left(59'500ms), "1 min 0 s");
  EXPECT_EQ(format_time_left(200s), "3 min 20 s");
  EXPECT_EQ(format_time_left(3'599'500ms), "1 h 0 min");
  EXPECT_EQ(format_time_left(3'841s), "1 h 5 min");
}

TEST(status_line, drops_parts_to_fit_the_width) {
  const auto line = [](std::size_t width) {
    return status_line("[17/60]", "coroutines, 100 workers", "repetition 2 of 5", 200s, width);
  };
  EXPECT_EQ(line(any_width), "[17/60] coroutines, 100 workers, repetition 2 of 5, about 3 min 20 s left");
  EXPECT_EQ(line(60), "[17/60] coroutines, 100 workers, about 3 min 20 s left");
  EXPECT_EQ(line(40), "3 min 20 s left, coroutines, 100 workers");
  EXPECT_EQ(line(20), "3 min 20 s left, co…");
  for (std::size_t width = 0; width < 100; ++width) EXPECT_LE(text_width(line(width)), width);
}

TEST(finished_line, has_time_with_spread_cpu_and_memory) {
  auto pool = sample_result("thread_pool", 20, 250);
  pool.repetitions.push_back(sample_row(240));
  pool.repetitions.push_back(sample_row(260));
  EXPECT_EQ(finished_line("[ 3/12]", pool, 27, any_width),
            "[ 3/12] thread_pool, 20 workers      250.0 ms ±4.0 %   CPU   101.4 µs/request     15.5 MiB");
  EXPECT_EQ(finished_line("[ 4/12]", sample_result("a", 1, 12'345), 27, any_width),
            "[ 4/12] a, 1 worker                   12.35 s          CPU   101.4 µs/request     15.5 MiB")
      << "a single repetition has no spread";
}

TEST(finished_line, drops_figures_to_fit_the_width) {
  auto pool = sample_result("thread_pool", 20, 100);
  pool.repetitions.push_back(sample_row(300));
  const auto line = [&](std::size_t width) { return finished_line("[ 3/12]", pool, 23, width); };
  EXPECT_EQ(line(79), "[ 3/12] thread_pool, 20 workers  200.0 ms ±50 %    CPU   101.4 µs     15.5 MiB");
  EXPECT_EQ(line(70), "[ 3/12] thread_pool, 20 workers  200.0 ms  CPU   101.4 µs     15.5 MiB");
  EXPECT_EQ(line(60), "[ 3/12] thread_pool, 20 workers  200.0 ms     15.5 MiB");
  EXPECT_EQ(line(45), "[ 3/12] thread_pool, 20 workers  200.0 ms");
  EXPECT_EQ(line(30), "200.0 ms, thread_pool, 20 wor…");
  EXPECT_EQ(line(10), "200.0 ms,…");
  for (std::size_t width = 0; width < 100; ++width) EXPECT_LE(text_width(line(width)), width);
}

TEST(finished_line, failed_case_has_its_reason) {
  auto failed = sample_result("a", 1, 1);
  failed.repetitions[0].verdict.failure = "wrong fares: 1 instead of 7\n";
  EXPECT_EQ(finished_line("[1/2]", failed, 11, any_width),
            "[1/2] a, 1 worker  FAILED: wrong fares: 1 instead of 7");
  failed.repetitions.push_back(sample_row(1));
  EXPECT_THAT(finished_line("[1/2]", failed, 11, any_width),
              EndsWith("  FAILED (1 of 2): wrong fares: 1 instead of 7"));
  EXPECT_EQ(finished_line("[1/2]", failed, 11, 30), "[1/2] a, 1 worker  FAILED (1 …");
}

TEST(finished_line, absent_figures_are_dashes) {
  auto odd = sample_result("a", 1, 1);
  odd.repetitions[0].real_time_ms.reset();
  odd.repetitions[0].columns.clear();
  EXPECT_EQ(finished_line("[1/1]", odd, 11, any_width),
            "[1/1] a, 1 worker         –          CPU       – µs/request        – MiB");
}

}  // namespace
}  // namespace farebench
