#include "farebench/site_protocol.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "farebench/date.hpp"
#include "farebench/fetch_error.hpp"

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

TEST(date, dates_have_the_documented_formats) {
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

TEST(date, other_date_format_gives_nullopt) {
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

const query search{.from = "ID10202003", .to = "ID10202002", .date = 2026y / 3 / 7};

TEST(search_form, search_form_has_stations_and_date) {
  EXPECT_EQ(search_form_body(search).value(),
            "fromStation=ID10202003&toStation=ID10202002&departure=07.03.26");
}

TEST(search_form, reserved_characters_are_percent_encoded) {
  query odd = search;
  odd.from = "a&b=c d+\xC3\xA9*-._~%";
  EXPECT_TRUE(
      search_form_body(odd).value().starts_with("fromStation=a%26b%3Dc+d%2B%C3%A9*-._%7E%25&toStation="));
}

TEST(search_form, invalid_query_gives_an_error) {
  for (const auto& invalid :
       {query{"", search.to, search.date}, query{search.from, "", search.date},
        query{search.from, search.to, 1999y / 12 / 31}, query{search.from, search.to, 2100y / 1 / 1},
        query{search.from, search.to, 2026y / 2 / 29}}) {
    const auto body = search_form_body(invalid);
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().kind, fetch_error_kind::invalid_query);
  }
}

constexpr auto last_kind = fetch_error_kind::out_of_resources;

TEST(fetch_error, every_error_kind_has_a_distinct_name) {
  std::set<std::string_view> names;
  for (int kind = 0; kind <= static_cast<int>(last_kind); ++kind) {
    const auto name = to_string(static_cast<fetch_error_kind>(kind));
    EXPECT_FALSE(name.empty());
    EXPECT_NE(name, "unknown");
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_EQ(to_string(static_cast<fetch_error_kind>(static_cast<int>(last_kind) + 1)), "unknown");
}

TEST(fetch_error, error_description_is_kind_and_detail) {
  EXPECT_EQ(describe({fetch_error_kind::malformed_page, "row 3"}), "malformed_page: row 3");
  EXPECT_EQ(describe({fetch_error_kind::connect_failed, ""}), "connect_failed");
}

TEST(fetch_error, error_size_is_text_plus_one_word) {
  EXPECT_LE(sizeof(fetch_error), sizeof(std::string) + sizeof(void*));
}

}  // namespace
}  // namespace farebench
