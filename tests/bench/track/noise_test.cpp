#include "bench/track/judge.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "bench/track/error.hpp"
#include "tests/bench/track/wall_time.hpp"

namespace farebench::track {
namespace {

using testing::HasSubstr;

TEST(noise, knows_no_more_than_the_stated_minimum_at_first) {
  EXPECT_EQ(noise{}.floor("s", time_of_wall()), time_of_wall().least_floor);
}

TEST(noise, floor_is_what_nine_in_ten_stayed_within) {
  noise known;
  for (int i = 1; i <= 10; ++i) known.add("s", "real_time", (i % 2 == 0 ? 0.01 : -0.01) * i);
  EXPECT_NEAR(known.floor("s", time_of_wall()), std::expm1(0.09), 1e-12);
  EXPECT_EQ(known.floor("another", time_of_wall()), time_of_wall().least_floor);
}

TEST(noise, keeps_the_latest) {
  noise known;
  known.add("s", "real_time", 5);
  for (std::size_t i = 0; i < noise::most_kept; ++i) known.add("s", "real_time", 0.05);
  EXPECT_EQ(known.known("s", "real_time"), noise::most_kept);
  EXPECT_NEAR(known.floor("s", time_of_wall()), std::expm1(0.05), 1e-12);
}

TEST(noise, takes_nothing_that_is_not_finite) {
  noise known;
  known.add("s", "real_time", std::numeric_limits<double>::quiet_NaN());
  known.add("s", "real_time", std::numeric_limits<double>::infinity());
  EXPECT_EQ(known.known("s", "real_time"), 0u);
}

TEST(noise, survives_being_written_and_read) {
  noise known;
  known.add("s", "real_time", 0.1 + 0.2);
  known.add("t", "rss_growth_bytes", 0.07);
  EXPECT_EQ(noise::parse(known.to_text(), "n").to_text(), known.to_text());
}

TEST(noise, names_what_is_wrong_with_a_file) {
  const auto complaint = [](const std::string& text) {
    try {
      noise::parse(text, "file");
    } catch (const track_error& fault) {
      return std::string{fault.what()};
    }
    return std::string{};
  };
  EXPECT_THAT(complaint("{"), HasSubstr("file is truncated"));
  EXPECT_THAT(complaint("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(complaint(R"({"format":"x"})"), HasSubstr("is not 'farebench-noise 1'"));
  EXPECT_THAT(
      complaint(R"({"format":"farebench-noise 1","noise":[{"series":"s","metric":"m","shifts":["a"]}]})"),
      HasSubstr("no list of numbers"));
}

TEST(inner_shift, is_nothing_where_each_program_repeats_itself_whatever_lies_between_them) {
  const auto shift = inner_shift({{10, 10, 20, 20, 30, 30}, {50, 50, 99, 99, 7, 7}});
  ASSERT_TRUE(shift);
  EXPECT_EQ(*shift, 0);
}

TEST(inner_shift, sees_that_the_later_run_of_a_four_is_slower) {
  const auto shift = inner_shift({{10, 11, 20, 22, 30, 33}, {50, 55, 100, 110, 70, 77}});
  ASSERT_TRUE(shift);
  EXPECT_NEAR(*shift, std::log(1.1), 1e-12);
}

TEST(inner_shift, needs_three_fours) { EXPECT_FALSE(inner_shift({{1, 1, 1, 1}, {1, 1, 1, 1}})); }

}  // namespace
}  // namespace farebench::track
