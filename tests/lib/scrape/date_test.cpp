#include "farebench/date.hpp"

#include <gtest/gtest.h>

namespace farebench {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::year_month_day;

TEST(date, formatted_dates_parse_to_the_same_date) {
  const sys_days last{2099y / 12 / 31};
  for (sys_days day{2000y / 1 / 1}; day <= last; day += std::chrono::days{1}) {
    const year_month_day date{day};
    ASSERT_EQ(parse_iso_date(format_iso_date(date)), date);
    ASSERT_EQ(parse_form_date(format_form_date(date)), date);
  }
}

TEST(date, formats_are_as_documented) {
  EXPECT_EQ(format_iso_date(2026y / 3 / 1), "2026-03-01");
  EXPECT_EQ(format_form_date(2026y / 3 / 1), "01.03.26");
  EXPECT_EQ(format_iso_date(7y / 12 / 31), "0007-12-31");
  EXPECT_EQ(parse_iso_date("0000-02-29"), year_month_day{0y / 2 / 29});
  EXPECT_EQ(parse_iso_date("9999-12-31"), year_month_day{9999y / 12 / 31});
  EXPECT_EQ(parse_form_date("01.01.00"), year_month_day{2000y / 1 / 1});
  EXPECT_EQ(parse_form_date("31.12.99"), year_month_day{2099y / 12 / 31});
}

TEST(date, nonexistent_date_gives_nullopt) {
  for (const auto* text :
       {"2026-02-29", "2100-02-29", "2026-04-31", "2026-00-01", "2026-13-01", "2026-01-00", "2026-01-32"}) {
    EXPECT_FALSE(parse_iso_date(text)) << text;
  }
  for (const auto* text : {"29.02.26", "31.04.26", "01.00.26", "01.13.26", "00.01.26", "32.01.26"}) {
    EXPECT_FALSE(parse_form_date(text)) << text;
  }
}

TEST(date, other_format_gives_nullopt) {
  for (const auto* text :
       {"", "2026-3-1", "2026-03-1", "26-03-01", "2026/03/01", "2026-03-01 ", " 2026-03-01", "2026-03-0x",
        "-026-03-01", "+026-03-01", "20260301", "2026-03-01T00:00", "01.03.2026"}) {
    EXPECT_FALSE(parse_iso_date(text)) << text;
  }
  for (const auto* text : {"", "1.3.26", "01.03.2026", "01-03-26", "01.03.26 ", "01.03.2x", "+1.03.26",
                           "01.03.-6", "2026-03-01"}) {
    EXPECT_FALSE(parse_form_date(text)) << text;
  }
}

}  // namespace
}  // namespace farebench
