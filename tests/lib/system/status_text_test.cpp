#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lib/system/process_memory.hpp"

namespace farebench {
namespace {

const std::string complete =
    "Name:\tfetch_probe\n"
    "State:\tS (sleeping)\n"
    "Pid:\t4242\n"
    "VmPeak:\t  900000 kB\n"
    "VmHWM:\t   20480 kB\n"
    "VmRSS:\t   16384 kB\n"
    "RssAnon:\t    5000 kB\n"
    "RssFile:\t   11000 kB\n"
    "RssShmem:\t     384 kB\n"
    "VmPTE:\t     120 kB\n"
    "Threads:\t21\n"
    "Cpus_allowed_list:\t0-1\n";

std::string without(std::string text, const std::string& name) {
  const auto begin = text.find("\n" + name + ":") + 1;
  return text.erase(begin, text.find('\n', begin) - begin + 1);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(parse_status, reads_every_field_in_bytes) {
  const auto snapshot = parse_status(complete);
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(*snapshot, (memory_snapshot{.rss_bytes = 16384 * 1024,
                                        .rss_peak_bytes = 20480 * 1024,
                                        .anon_bytes = 5000 * 1024,
                                        .file_bytes = (11000 + 384) * 1024,
                                        .page_table_bytes = 120 * 1024,
                                        .threads = 21}));
}

TEST(parse_status, needs_no_newline_at_the_end) {
  EXPECT_TRUE(parse_status(complete.substr(0, complete.size() - 1)));
}

TEST(parse_status, reads_sizes_past_32_bits) {
  const auto snapshot = parse_status(replaced(complete, "  20480 kB", "68719476736 kB"));
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->rss_peak_bytes, 68719476736U * 1024U);
}

TEST(parse_status, a_size_past_64_bits_is_malformed) {
  EXPECT_EQ(parse_status(replaced(complete, "  20480 kB", "18446744073709551615 kB")).error(),
            memory_error::malformed);
  EXPECT_EQ(parse_status(replaced(complete, "  20480 kB", "184467440737095516160 kB")).error(),
            memory_error::malformed);
}

TEST(parse_status, a_name_that_is_the_tail_or_the_head_of_another_is_not_it) {
  const auto snapshot = parse_status("XVmRSS:\t1 kB\nVmRSSX:\t2 kB\nName:\tVmRSS: 3 kB\n" + complete);
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->rss_bytes, 16384U * 1024U);
}

TEST(parse_status, a_zombie_is_told_from_a_process_without_memory) {
  const std::string ended = "Name:\tx\nState:\tZ (zombie)\nThreads:\t1\n";
  EXPECT_EQ(parse_status(ended).error(), memory_error::zombie);
  EXPECT_EQ(parse_status(replaced(ended, "Z (zombie)", "X (dead)")).error(), memory_error::zombie);
  EXPECT_EQ(parse_status(replaced(ended, "Z (zombie)", "R (running)")).error(), memory_error::no_memory);
}

TEST(parse_status, a_missing_field_is_malformed_and_never_zero) {
  for (const std::string name : {"VmHWM", "RssAnon", "RssFile", "RssShmem", "VmPTE", "Threads", "State"})
    EXPECT_EQ(parse_status(without(complete, name)).error(), memory_error::malformed) << name;
}

TEST(parse_status, a_size_in_another_unit_is_malformed) {
  EXPECT_EQ(parse_status(replaced(complete, "16384 kB", "16 MB")).error(), memory_error::malformed);
  EXPECT_EQ(parse_status(replaced(complete, "16384 kB", "16384")).error(), memory_error::malformed);
  EXPECT_EQ(parse_status(replaced(complete, "16384 kB", "-1 kB")).error(), memory_error::malformed);
  EXPECT_EQ(parse_status(replaced(complete, "   16384 kB", "")).error(), memory_error::malformed);
  EXPECT_EQ(parse_status(replaced(complete, "Threads:\t21", "Threads:\tmany")).error(),
            memory_error::malformed);
}

TEST(parse_status, refuses_what_is_no_status) {
  EXPECT_EQ(parse_status("").error(), memory_error::malformed);
  EXPECT_EQ(parse_status("\n\n:::\n").error(), memory_error::malformed);
  EXPECT_EQ(parse_status("State:").error(), memory_error::malformed);
}

TEST(memory_error, says_something_of_each) {
  for (const auto error :
       {memory_error::gone, memory_error::zombie, memory_error::no_memory, memory_error::malformed})
    EXPECT_THAT(to_string(error), ::testing::StartsWith("the "));
}

}  // namespace
}  // namespace farebench
