#include "lib/system/command_line.hpp"

#include <gtest/gtest.h>

namespace farebench {
namespace {

using namespace std::chrono_literals;

TEST(parse_duration, takes_a_number_and_its_unit) {
  EXPECT_EQ(parse_duration("20ms"), 20ms);
  EXPECT_EQ(parse_duration("250us"), 250us);
  EXPECT_EQ(parse_duration("1s"), 1s);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("0.25ms"), 250us);
  EXPECT_EQ(parse_duration("3600s"), 1h);
}

TEST(parse_duration, takes_zero_with_or_without_a_unit) {
  EXPECT_EQ(parse_duration("0"), 0us);
  EXPECT_EQ(parse_duration("0ms"), 0us);
}

TEST(parse_duration, refuses_the_rest_in_one_line) {
  for (const char* text : {"", "20", "ms", "-1ms", "20 ms", "20m", "20msx", "1e3ms", "nan", "inf", "nanms",
                           "infs", "3601s", "0x10ms", "1,5s", " 1s", "999999999999999999999s"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().find(text), std::string::npos);
    EXPECT_EQ(parsed.error().find('\n'), std::string::npos);
  }
}

TEST(format_duration, is_read_back_as_what_it_was) {
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
