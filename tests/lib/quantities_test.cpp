#include "lib/system/quantities.hpp"

#include <gtest/gtest.h>

#include <string>

namespace farebench {
namespace {

using namespace std::chrono_literals;

TEST(parse_kib, number_with_or_without_unit_is_a_size) {
  for (const char* text : {"20", "20K", "20k", "20KB", "20kB", "20KiB", "20 KiB"})
    EXPECT_EQ(parse_kib(text, 2, 4096), 20u) << text;
  for (const char* text : {"4M", "4MB", "4MiB", "4096"}) EXPECT_EQ(parse_kib(text, 2, 4096), 4096u) << text;
}

TEST(parse_kib, invalid_size_gives_one_line_error) {
  for (const char* text : {"", "KB", "1", "4097", "5M", "20B", "20Kb", "1.5M", "-20", " 20", "20KBx",
                           "99999999999999999999", "18446744073709551615M"}) {
    const auto parsed = parse_kib(text, 2, 4096);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().find("from 2 to 4096 KiB"), std::string::npos);
    EXPECT_EQ(parsed.error().find('\n'), std::string::npos);
  }
}

TEST(parse_duration, number_without_unit_gives_valid_forms) {
  EXPECT_NE(parse_duration("12").error().find("no unit; write 12ms or 12s"), std::string::npos);
}

TEST(parse_duration, number_with_unit_is_a_duration) {
  EXPECT_EQ(parse_duration("20ms"), 20ms);
  EXPECT_EQ(parse_duration("250us"), 250us);
  EXPECT_EQ(parse_duration("1s"), 1s);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("0.25ms"), 250us);
  EXPECT_EQ(parse_duration("3600s"), 1h);
  EXPECT_EQ(parse_duration("2min"), 2min);
}

TEST(parse_duration, zero_with_or_without_unit_is_a_duration) {
  EXPECT_EQ(parse_duration("0"), 0us);
  EXPECT_EQ(parse_duration("0ms"), 0us);
}

TEST(parse_duration, invalid_duration_gives_one_line_error) {
  for (const char* text : {"", "20", "ms", "-1ms", "20 ms", "20m", "20msx", "1e3ms", "nan", "inf", "nanms",
                           "infs", "3601s", "0x10ms", "1,5s", " 1s", "999999999999999999999s"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().find(text), std::string::npos);
    EXPECT_EQ(parsed.error().find('\n'), std::string::npos);
  }
}

TEST(format_duration, formatted_duration_parses_to_the_same) {
  for (const auto duration :
       {0us, 1us, 999us, 1000us, 1500us, 20'000us, 145'000us, 1'000'000us, 1'500'000us, 1'234'567us}) {
    EXPECT_EQ(parse_duration(format_duration(duration)), duration) << format_duration(duration);
  }
  EXPECT_EQ(format_duration(20ms), "20ms");
  EXPECT_EQ(format_duration(1500ms), "1.5s");
  EXPECT_EQ(format_duration(0ms), "0");
}

}  // namespace
}  // namespace farebench
