#include "lib/system/process_stats.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

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

std::string without_field(std::string text, const std::string& name) {
  const auto begin = text.find("\n" + name + ":") + 1;
  return text.erase(begin, text.find('\n', begin) - begin + 1);
}

std::string replace(std::string text, const std::string& from, const std::string& to) {
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

TEST(parse_status, accepts_a_missing_last_newline) {
  EXPECT_TRUE(parse_status(complete.substr(0, complete.size() - 1)));
}

TEST(parse_status, reads_sizes_above_32_bits) {
  const auto snapshot = parse_status(replace(complete, "  20480 kB", "68719476736 kB"));
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->rss_peak_bytes, 68719476736U * 1024U);
}

TEST(parse_status, size_above_64_bits_is_malformed) {
  EXPECT_EQ(parse_status(replace(complete, "  20480 kB", "18446744073709551615 kB")).error(),
            process_error::malformed);
  EXPECT_EQ(parse_status(replace(complete, "  20480 kB", "184467440737095516160 kB")).error(),
            process_error::malformed);
}

TEST(parse_status, ignores_fields_whose_names_are_only_similar) {
  const auto snapshot = parse_status("XVmRSS:\t1 kB\nVmRSSX:\t2 kB\nName:\tVmRSS: 3 kB\n" + complete);
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->rss_bytes, 16384U * 1024U);
}

TEST(parse_status, distinguishes_zombies_from_missing_memory) {
  const std::string ended = "Name:\tx\nState:\tZ (zombie)\nThreads:\t1\n";
  EXPECT_EQ(parse_status(ended).error(), process_error::zombie);
  EXPECT_EQ(parse_status(replace(ended, "Z (zombie)", "X (dead)")).error(), process_error::zombie);
  EXPECT_EQ(parse_status(replace(ended, "Z (zombie)", "R (running)")).error(), process_error::no_memory);
}

TEST(parse_status, missing_field_is_malformed) {
  for (const std::string name : {"VmHWM", "RssAnon", "RssFile", "RssShmem", "VmPTE", "Threads", "State"})
    EXPECT_EQ(parse_status(without_field(complete, name)).error(), process_error::malformed) << name;
}

TEST(parse_status, size_in_another_unit_is_malformed) {
  EXPECT_EQ(parse_status(replace(complete, "16384 kB", "16 MB")).error(), process_error::malformed);
  EXPECT_EQ(parse_status(replace(complete, "16384 kB", "16384")).error(), process_error::malformed);
  EXPECT_EQ(parse_status(replace(complete, "16384 kB", "-1 kB")).error(), process_error::malformed);
  EXPECT_EQ(parse_status(replace(complete, "   16384 kB", "")).error(), process_error::malformed);
  EXPECT_EQ(parse_status(replace(complete, "Threads:\t21", "Threads:\tmany")).error(),
            process_error::malformed);
}

TEST(parse_status, rejects_other_text) {
  EXPECT_EQ(parse_status("").error(), process_error::malformed);
  EXPECT_EQ(parse_status("\n\n:::\n").error(), process_error::malformed);
  EXPECT_EQ(parse_status("State:").error(), process_error::malformed);
}

TEST(process_error, each_has_a_text) {
  for (const auto error :
       {process_error::gone, process_error::zombie, process_error::no_memory, process_error::malformed})
    EXPECT_THAT(to_string(error), ::testing::StartsWith("the "));
}

TEST(parse_statm, counts_resident_and_anonymous_pages) {
  const auto parsed = parse_statm("5842 3012 2800 120 0 340 0\n", 4096);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->rss_bytes, 3012U * 4096);
  EXPECT_EQ(parsed->anon_bytes, 212U * 4096);
  EXPECT_EQ(parse_statm("5842 3012 2800 120 0 340 0\n", 16384)->rss_bytes, 3012U * 16384);
}

TEST(parse_statm, anonymous_memory_is_never_negative) {
  EXPECT_EQ(parse_statm("10 3 4 1 0 2 0\n", 4096)->anon_bytes, 0U);
}

TEST(parse_statm, zero_size_gives_no_memory) {
  EXPECT_EQ(parse_statm("0 0 0 0 0 0 0\n", 4096).error(), process_error::no_memory);
}

TEST(parse_statm, rejects_other_text) {
  for (const char* text : {"", "\n", "12", "12 13", "12 13 14", "a b c\n", "1  2 3\n", "1 -2 3 4\n",
                           "1 99999999999999999999 3 4\n", "1 18446744073709551615 3 4\n"}) {
    const auto parsed = parse_statm(text, 4096);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error(), process_error::malformed) << text;
  }
}

}  // namespace
}  // namespace farebench
