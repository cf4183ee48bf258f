#include "tools/fares/fares.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const std::chrono::year_month_day date{std::chrono::year{2026} / 3 / 1};
const outcome fares{std::vector<fare>{{7h + 5min, 10h + 40min, "Relax", 12, 249'05, "CZK"},
                                      {23h + 59min, 0min, "a,\"b\"", 0, 99'00, "€"}}};
const outcome failed{std::unexpected(fetch_error{fetch_error_kind::connection_lost, "reset"})};

TEST(fares_output, csv_quotes_fields_with_commas_or_quotes) {
  EXPECT_EQ(opening(fares_format::csv) + day_text(fares_format::csv, true, date, fares) +
                closing(fares_format::csv),
            "date,departure,arrival,type,free_seats,price,currency\r\n"
            "2026-03-01,07:05,10:40,Relax,12,249.05,CZK\r\n"
            "2026-03-01,23:59,00:00,\"a,\"\"b\"\"\",0,99.00,€\r\n");
}

TEST(fares_output, json_is_one_array_of_days_and_errors) {
  const auto text = opening(fares_format::json) + day_text(fares_format::json, true, date, fares) +
                    day_text(fares_format::json, false, date, failed) + closing(fares_format::json);
  const auto days = nlohmann::json::parse(text);
  ASSERT_EQ(days.size(), 2u);
  EXPECT_EQ(days[0]["date"], "2026-03-01");
  EXPECT_EQ(days[0]["fares"][0]["price_hundredths"], 24905);
  EXPECT_EQ(days[0]["fares"][1]["type"], "a,\"b\"");
  EXPECT_EQ(days[1]["error"]["kind"], "connection_lost");
}

TEST(fares_output, failed_day_has_no_row) {
  EXPECT_EQ(day_text(fares_format::csv, true, date, failed), "");
  EXPECT_EQ(day_text(fares_format::table, true, date, failed), "");
}

TEST(fares_output, escapes_terminal_sequences_of_a_page) {
  const outcome hostile{std::vector<fare>{{7h, 8h, "\x1b]0;x\x07", 1, 100,
                                           "\xc2\x9b"
                                           "31m"}}};
  const auto text = day_text(fares_format::table, true, date, hostile);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\xc2\x9b")));
  EXPECT_THAT(text, HasSubstr("\\x1b]0;x\\x07"));
}

TEST(fares_output, escapes_control_characters_in_every_format) {
  const std::vector<std::string> hostile{"\x1b[2J", "\x9b", "\xc2\x9b", "\x07", "\x7f", "a\rb", "\u202egpj"};
  for (const auto& text : hostile) {
    const outcome page{std::vector<fare>{{7h, 8h, text, 1, 100, text}}};
    for (const auto format : {fares_format::table, fares_format::csv, fares_format::json}) {
      auto text_of_day = day_text(format, true, date, page);
      // The newline between days.
      if (format == fares_format::json) text_of_day.erase(0, 1);
      EXPECT_EQ(text_of_day.find(text), std::string::npos);
      for (const char c : text_of_day.substr(0, text_of_day.find_last_not_of("\r\n") + 1)) {
        const auto byte = static_cast<unsigned char>(c);
        EXPECT_TRUE(byte >= 0x20 && byte < 0x7F) << static_cast<int>(byte);
      }
    }
    EXPECT_EQ(
        nlohmann::json::parse("[" + day_text(fares_format::json, true, date, page) + "]")[0]["fares"].size(),
        1u);
  }
}

TEST(fares_output, csv_disarms_formulas) {
  for (const char* text : {"=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1", "=\"a\",1"}) {
    const auto row =
        day_text(fares_format::csv, true, date, outcome{std::vector<fare>{{7h, 8h, text, 1, 100, text}}});
    for (const char* beginning : {",=", ",+", ",-", ",@", ",\"=", ",\t"}) {
      EXPECT_THAT(row, Not(HasSubstr(beginning))) << text;
    }
  }
}

TEST(fares_output, only_table_prints_remark) {
  EXPECT_EQ(closing(fares_format::table, "interrupted"), "(interrupted)\n");
  EXPECT_EQ(closing(fares_format::table), "");
  EXPECT_EQ(closing(fares_format::csv, "interrupted"), "");
  EXPECT_EQ(closing(fares_format::json, "interrupted"), "\n]\n");
}

TEST(in_order, passes_outcomes_by_index) {
  std::vector<std::size_t> passed;
  in_order ordered{[&](std::size_t index, const outcome&) { passed.push_back(index); }};
  ordered.add(2, outcome{});
  ordered.add(1, outcome{});
  EXPECT_THAT(passed, testing::IsEmpty());
  ordered.add(0, outcome{});
  EXPECT_THAT(passed, testing::ElementsAre(0, 1, 2));
  ordered.add(3, outcome{});
  EXPECT_THAT(passed, testing::ElementsAre(0, 1, 2, 3));
}

}  // namespace
}  // namespace farebench
