#include "lib/cli/fares/output.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const std::chrono::year_month_day date{std::chrono::year{2026} / 3 / 1};
const outcome fares{std::vector<fare>{{7h + 5min, 10h + 40min, "Relax", 12, 249'05, "CZK"},
                                      {23h + 59min, 0min, "a,\"b\"", 0, 99'00, "€"}}};
const outcome failed{std::unexpected(fetch_error{fetch_error_kind::connection_lost, "reset"})};

TEST(fares_output, csv_quotes_what_needs_it) {
  EXPECT_EQ(opening(fares_format::csv) + day_text(fares_format::csv, true, date, fares) +
                closing(fares_format::csv),
            "date,departure,arrival,type,free_seats,price,currency\r\n"
            "2026-03-01,07:05,10:40,Relax,12,249.05,CZK\r\n"
            "2026-03-01,23:59,00:00,\"a,\"\"b\"\"\",0,99.00,€\r\n");
}

TEST(fares_output, json_is_one_array_of_days_with_their_errors) {
  const auto text = opening(fares_format::json) + day_text(fares_format::json, true, date, fares) +
                    day_text(fares_format::json, false, date, failed) + closing(fares_format::json);
  const auto days = nlohmann::json::parse(text);
  ASSERT_EQ(days.size(), 2u);
  EXPECT_EQ(days[0]["date"], "2026-03-01");
  EXPECT_EQ(days[0]["fares"][0]["price_hundredths"], 24905);
  EXPECT_EQ(days[0]["fares"][1]["type"], "a,\"b\"");
  EXPECT_EQ(days[1]["error"]["kind"], "connection_lost");
}

TEST(fares_output, of_a_failed_day_has_no_row_that_could_be_taken_for_a_fare) {
  EXPECT_EQ(day_text(fares_format::csv, true, date, failed), "");
  EXPECT_EQ(day_text(fares_format::table, true, date, failed), "");
}

TEST(fares_output, lets_a_page_send_nothing_to_the_terminal) {
  const outcome hostile{std::vector<fare>{{7h, 8h, "\x1b]0;x\x07", 1, 100,
                                           "\xc2\x9b"
                                           "31m"}}};
  const auto text = day_text(fares_format::table, true, date, hostile);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\xc2\x9b")));
  EXPECT_THAT(text, HasSubstr("\\x1b]0;x\\x07"));
  EXPECT_EQ(printable("Élan €"), "Élan €");
}

}  // namespace
}  // namespace farebench
