#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <system_error>

#include "bench/probe/heap_counter_segment.hpp"
#include "tests/bench/probe/preloaded_program.hpp"

namespace farebench {
namespace {

using reading = heap_counter_segment::reading;

struct reckoning {
  long allocations = -1;
  long live = -1;
  long peak = -1;
};

reckoning parse_reckoning(const std::string& line) {
  reckoning result;
  std::istringstream(line) >> result.allocations >> result.live >> result.peak;
  return result;
}

/// A step of the sample program, with the counters as they were before and after.
struct watched_step {
  reading before;
  reading after;
  reckoning expected;
};

watched_step run_step(heap_counter_segment& segment, const std::vector<std::string>& arguments) {
  std::vector<std::string> command{HEAP_COUNT_SAMPLE};
  command.insert(command.end(), arguments.begin(), arguments.end());
  preloaded_program program(command, segment.environment(), segment.descriptor());
  program.read_line();
  watched_step result;
  segment.reset_peak();
  result.before = segment.read();
  program.send_byte();
  result.expected = parse_reckoning(program.read_line());
  result.after = segment.read();
  program.send_byte();
  EXPECT_EQ(program.finish(), 0);
  return result;
}

class counted_step : public ::testing::TestWithParam<std::string> {};

TEST_P(counted_step, step_is_counted_exactly) {
  heap_counter_segment segment(HEAP_COUNT_LIBRARY);
  const auto step = run_step(segment, {GetParam()});
  ASSERT_TRUE(step.before.attached);
  EXPECT_EQ(step.before.peak_bytes, step.before.live_bytes);
  EXPECT_GT(step.expected.allocations, 0);
  EXPECT_EQ(step.after.allocations - step.before.allocations, step.expected.allocations);
  EXPECT_EQ(step.after.live_bytes - step.before.live_bytes, step.expected.live);
  EXPECT_EQ(step.after.peak_bytes - step.before.peak_bytes, step.expected.peak);
}

INSTANTIATE_TEST_SUITE_P(every, counted_step,
                         ::testing::Values("plain", "leak", "realloc", "calloc", "aligned", "cpp", "fork"),
                         [](const auto& which) { return which.param; });

TEST(heap_count, eight_threads_are_counted_exactly) {
  heap_counter_segment segment(HEAP_COUNT_LIBRARY);
  preloaded_program program({HEAP_COUNT_SAMPLE, "threads"}, segment.environment(), segment.descriptor());
  program.read_line();
  program.send_byte();
  ASSERT_EQ(program.read_byte(), 'b');
  const reading before = segment.read();
  segment.reset_peak();
  program.send_byte();
  ASSERT_EQ(program.read_byte(), 'e');
  const reading after = segment.read();
  program.send_byte();
  const auto expected = parse_reckoning(program.read_line());
  program.send_byte();
  EXPECT_EQ(program.finish(), 0);
  EXPECT_EQ(after.allocations - before.allocations, expected.allocations);
  EXPECT_EQ(after.live_bytes, before.live_bytes);
  EXPECT_GT(after.peak_bytes, before.live_bytes);
  EXPECT_LE(after.peak_bytes, before.live_bytes + 8 * 5100 * 2);
}

TEST(heap_count, allocations_before_main_are_counted) {
  heap_counter_segment segment(HEAP_COUNT_LIBRARY);
  const auto step = run_step(segment, {"plain"});
  // The C++ runtime's emergency pool of 72 KB, allocated by a constructor that runs before the library's.
  EXPECT_GT(step.before.allocations, 0);
  EXPECT_GT(step.before.live_bytes, 70'000);
}

TEST(heap_count, exec_resets_counters) {
  heap_counter_segment direct(HEAP_COUNT_LIBRARY);
  heap_counter_segment wrapped(HEAP_COUNT_LIBRARY);
  const auto first = run_step(direct, {"plain"});
  const auto second = run_step(wrapped, {"exec", "plain"});
  ASSERT_TRUE(second.before.attached);
  EXPECT_EQ(second.before.live_bytes, first.before.live_bytes);
  EXPECT_EQ(second.before.allocations, first.before.allocations);
}

TEST(heap_count, runs_give_equal_counts) {
  heap_counter_segment one(HEAP_COUNT_LIBRARY);
  heap_counter_segment two(HEAP_COUNT_LIBRARY);
  EXPECT_EQ(run_step(one, {"plain"}).after.allocations, run_step(two, {"plain"}).after.allocations);
}

TEST(heap_count, invalid_variable_is_ignored) {
  heap_counter_segment segment(HEAP_COUNT_LIBRARY);
  for (const char* variable : {"", "nonsense", "-1", "0", "987654"}) {
    auto environment = segment.environment();
    environment[1].second = variable;
    preloaded_program program({HEAP_COUNT_SAMPLE, "plain"}, environment, -1);
    program.read_line();
    program.send_byte();
    EXPECT_GT(parse_reckoning(program.read_line()).allocations, 0) << variable;
    program.send_byte();
    EXPECT_EQ(program.finish(), 0) << variable;
  }
  EXPECT_FALSE(segment.read().attached);
  EXPECT_EQ(segment.read().allocations, 0);
}

TEST(heap_count, path_with_separators_works) {
  auto directory = (std::filesystem::temp_directory_path() / "heap count: $ORIGIN XXXXXX").string();
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const auto library = std::filesystem::path(directory) / "libheap_count.so";
  std::filesystem::copy_file(HEAP_COUNT_LIBRARY, library);
  {
    heap_counter_segment segment(library);
    EXPECT_TRUE(run_step(segment, {"plain"}).before.attached);
  }
  std::filesystem::remove_all(directory);
}

TEST(heap_count, python_heap_is_counted) {
  constexpr auto python = "/usr/bin/python3";
  if (::access(python, X_OK) != 0) GTEST_SKIP() << "no " << python;
  heap_counter_segment segment(HEAP_COUNT_LIBRARY);
  auto environment = segment.environment();
  environment.emplace_back("PYTHONMALLOC", "malloc");
  preloaded_program program(
      {python, "-c",
       "import os; os.write(1, b'r'); os.read(0, 1); kept = [bytes(1000) for _ in range(1000)]; "
       "os.write(1, b'd'); os.read(0, 1)"},
      environment, segment.descriptor());
  ASSERT_EQ(program.read_byte(), 'r');
  const reading before = segment.read();
  program.send_byte();
  ASSERT_EQ(program.read_byte(), 'd');
  const reading after = segment.read();
  program.send_byte();
  EXPECT_EQ(program.finish(), 0);
  EXPECT_TRUE(before.attached);
  EXPECT_GT(before.allocations, 1000);
  EXPECT_GE(after.allocations - before.allocations, 1000);
  EXPECT_GE(after.live_bytes - before.live_bytes, 1'000'000);
}

TEST(heap_counter_segment, missing_library_throws_with_its_path) {
  try {
    heap_counter_segment segment("/nowhere/libheap_count.so");
    FAIL() << "should have thrown";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
    EXPECT_NE(std::string(error.what()).find("/nowhere/libheap_count.so"), std::string::npos);
  }
}

TEST(heap_counter_segment, moved_segment_works) {
  heap_counter_segment first(HEAP_COUNT_LIBRARY);
  const int descriptor = first.descriptor();
  heap_counter_segment second(std::move(first));
  EXPECT_EQ(second.descriptor(), descriptor);
  EXPECT_FALSE(second.read().attached);
  EXPECT_TRUE(run_step(second, {"plain"}).before.attached);
}

}  // namespace
}  // namespace farebench
