#include <gtest/gtest.h>

#include "lib/system/process_memory.hpp"

namespace farebench {
namespace {

TEST(parse_statm, counts_resident_pages_and_those_in_no_file) {
  const auto seen = parse_statm("5842 3012 2800 120 0 340 0\n", 4096);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->rss_bytes, 3012U * 4096);
  EXPECT_EQ(seen->anon_bytes, 212U * 4096);
  EXPECT_EQ(parse_statm("5842 3012 2800 120 0 340 0\n", 16384)->rss_bytes, 3012U * 16384);
}

TEST(parse_statm, has_no_less_than_no_anonymous_memory) {
  EXPECT_EQ(parse_statm("10 3 4 1 0 2 0\n", 4096)->anon_bytes, 0U);
}

TEST(parse_statm, of_a_process_without_memory_has_none) {
  EXPECT_EQ(parse_statm("0 0 0 0 0 0 0\n", 4096).error(), memory_error::no_memory);
}

TEST(parse_statm, is_refused_when_it_is_none) {
  for (const char* text : {"", "\n", "12", "12 13", "12 13 14", "a b c\n", "1  2 3\n", "1 -2 3 4\n",
                           "1 99999999999999999999 3 4\n", "1 18446744073709551615 3 4\n"}) {
    const auto seen = parse_statm(text, 4096);
    ASSERT_FALSE(seen) << text;
    EXPECT_EQ(seen.error(), memory_error::malformed) << text;
  }
}

}  // namespace
}  // namespace farebench
