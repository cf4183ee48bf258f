#include "farebench/fare_scanner.hpp"

#include <gmock/gmock.h>

#include <string>

#include "lib/system/output_file.hpp"
#include "scrape/row_text.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

outcome fares_on(std::string_view page) {
  fare_scanner scanner;
  scanner.feed(page);
  return scanner.finish();
}

std::string row_of(std::string_view words) { return "<p class=select-line>" + std::string{words} + "</p>"; }

/// Returns a complete results page with these rows.
std::string page(std::string_view rows) {
  return "<html><body><div class=results>" + std::string{rows} + "</div></body></html>";
}

std::string fixture(const std::string& name) { return read_file(FAREBENCH_TEST_PAGES "/" + name); }

std::string detail_of(std::string_view rows, fetch_error_kind kind = fetch_error_kind::malformed_page) {
  const auto result = fares_on(page(rows));
  if (result) return "no error";
  EXPECT_EQ(result.error().kind, kind);
  return result.error().detail;
}

TEST(fare_scanner, results_page_gives_its_fares) {
  const auto result = fares_on(fixture("results.html"));
  ASSERT_TRUE(result) << describe(result.error());
  EXPECT_EQ(*result, (std::vector<fare>{{5h, 7h + 30min, "Relax", 34, 24900, "CZK"},
                                        {7h + 5min, 9h + 35min, "Standard", 0, 18990, "CZK"},
                                        {23h + 45min, 2h + 15min, "Fun&Relax", 12, 124950, "K\xC4\x8D"}}));
}

TEST(fare_scanner, page_gives_the_fares_of_the_html_standard) {
  const auto fare_of = [](std::string_view markup) {
    const auto result = fares_on(
        "<!DOCTYPE html>\n<html><head><title>Fares</title></head>\n<body>\n"
        "<div class=\"results\">\n" +
        std::string{markup} + "</div>\n</body>\n</html>\n");
    std::string text;
    if (!result) return describe(result.error());
    for (const fare& found : *result) text += found.type + " " + found.currency + ". ";
    return text;
  };
  const std::string last =
      "<div class=\"select-line\"><span>06:00</span> <span>08:30</span> <span>Fun</span> 12 199 CZK</div>";
  EXPECT_EQ(fare_of("<div @click=\"() => pick(1)\" class=\"select-line\">05:00 07:30 Relax 34 249 CZK</div>" +
                    last),
            "Relax CZK. Fun CZK. ");
  EXPECT_EQ(fare_of("<div 1=\"x > y\" class=\"select-line\">05:00 07:30 Relax 34 249 CZK</div>" + last),
            "Relax CZK. Fun CZK. ");
  EXPECT_EQ(fare_of(row_of("05:00 07:30 Relax 34 249&nbsp;K&ccaron;")), "Relax K\xC4\x8D. ");
  EXPECT_EQ(fare_of(row_of("05:00 07:30 Relax 34 249 &#128;")), "Relax \xE2\x82\xAC. ");
  EXPECT_EQ(fare_of("<![CDATA[<div class=\"select-line\">05:00 07:30 Relax 34 249 CZK</div>]]>" + last),
            "Fun CZK. ");
  EXPECT_EQ(fare_of("<title>x <div class=\"select-line\">00:00 00:01 T 1 1 CZK</div></title>" + last),
            "Fun CZK. ");
}

TEST(fare_scanner, results_page_without_rows_gives_no_fares) {
  for (const auto& whole : {fixture("no_rows.html"), page("")}) {
    const auto result = fares_on(whole);
    ASSERT_TRUE(result) << describe(result.error());
    EXPECT_TRUE(result->empty());
  }
}

TEST(fare_scanner, empty_chunk_begins_no_page) {
  fare_scanner scanner;
  const auto nothing = scanner.finish();
  scanner.feed("");
  EXPECT_EQ(scanner.finish(), nothing);
}

TEST(fare_scanner, page_without_results_gives_bad_response) {
  for (const std::string& other :
       {std::string{}, fixture("empty.html"), fixture("text_only.html"),
        std::string{"<html><body>Sorry</body></html>"},
        "<html>" + row_of("5:00 7:30 Relax 34 249 CZK") + "</html>",
        std::string{
            "<div class=result></div><i class='no-results'><b id=results><!-- class=results --></html>"},
        std::string{"<script>'<div class=results>'</script><p title='class=results'></html>"}}) {
    const auto result = fares_on(other);
    ASSERT_FALSE(result) << other;
    EXPECT_EQ(result.error().kind, fetch_error_kind::bad_response) << other;
    EXPECT_FALSE(result.error().detail.empty());
  }
}

TEST(fare_scanner, results_class_may_be_on_any_element) {
  for (const auto* const tag : {"<div class='results'>", "<table class=\"list results wide\">",
                                "<p CLASS=results>", "<p class='re&#115;ults'>", "<p class='&#9;results'>",
                                "<br class=results>", "<b class=\"\nresults\n\"/>"}) {
    const auto result = fares_on(std::string{tag} + "</html>");
    EXPECT_TRUE(result) << tag;
  }
}

TEST(fare_scanner, page_without_end_tag_gives_bad_response) {
  const std::string rows = "<div class=results>" + row_of("5:00 7:30 Relax 34 249 CZK") + "</div>";
  for (const auto* const end :
       {"</html>", "</HTML >", "</body></html>\n<!-- node 7 -->\n", "</html></html> "}) {
    EXPECT_TRUE(fares_on(rows + end)) << end;
  }
  for (const auto* const other : {"", "</body>", "</htm>", "</htmls>", "<!-- </html> -->",
                                  "<script>x</html></script>", "<html>", "<b title='</html>'>"}) {
    const auto result = fares_on(rows + other);
    ASSERT_FALSE(result) << other;
    EXPECT_EQ(result.error().kind, fetch_error_kind::bad_response) << other;
  }
}

TEST(fare_scanner, chunks_do_not_change_fares) {
  const std::string page = fixture("results.html");
  const auto whole = fares_on(page);
  fare_scanner scanner;
  for (std::size_t at = 0; at <= page.size(); ++at) {
    scanner.feed(std::string_view{page}.substr(0, at));
    scanner.feed(std::string_view{page}.substr(at));
    ASSERT_EQ(scanner.finish(), whole) << "split at byte " << at;
  }
  for (const char byte : page) scanner.feed({&byte, 1});
  EXPECT_EQ(scanner.finish(), whole);
}

TEST(fare_scanner, page_cut_at_any_byte_gives_bad_response) {
  const std::string whole =
      page(row_of("5:00 7:30 Relax 34 249 CZK") + row_of("6:00 8:30 Relax 1 9 K&#x10D;"));
  EXPECT_TRUE(fares_on(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto result = fares_on(whole.substr(0, size));
    ASSERT_FALSE(result) << size;
    EXPECT_EQ(result.error().kind, fetch_error_kind::bad_response) << size << describe(result.error());
  }
}

TEST(fare_scanner, only_documented_field_formats_are_parsed) {
  for (const auto* time : {"0:00", "00:00", "7:05", "07:05", "23:59"}) EXPECT_TRUE(parse_time(time)) << time;
  for (const auto* time : {"", ":", "24:00", "7:60", "7:5", "7:050", "007:05", ":05", "7.05", "-7:05",
                           "+7:05", "7:05h", "7:-5", "7: 5", "7:05:00"}) {
    EXPECT_FALSE(parse_time(time)) << time;
  }
  EXPECT_EQ(parse_time("7:05"), 425min);
  EXPECT_EQ(parse_time("23:59"), 1439min);

  EXPECT_EQ(parse_seats("0"), 0);
  EXPECT_EQ(parse_seats("2147483647"), 2147483647);
  for (const auto* seats : {"", "2147483648", "99999999999999999999", "-1", "+1", "1.0", "1x", "x", "0x1"}) {
    EXPECT_FALSE(parse_seats(seats)) << seats;
  }

  EXPECT_EQ(parse_price_hundredths("0"), 0);
  EXPECT_EQ(parse_price_hundredths("249"), 24900);
  EXPECT_EQ(parse_price_hundredths("249.9"), 24990);
  EXPECT_EQ(parse_price_hundredths("249,09"), 24909);
  EXPECT_EQ(parse_price_hundredths("92233720368547758.07"), 9223372036854775807);
  for (const auto* price :
       {"", "92233720368547758.08", "92233720368547759", "99999999999999999999", "-1", "+1", "1.", ".5", ",",
        "1.234", "1,234.5", "1.2.3", "1..2", "1.-2", "1 000", "free", "1e3", "249,-"}) {
    EXPECT_FALSE(parse_price_hundredths(price)) << price;
  }
}

TEST(fare_scanner, error_detail_has_row_word_and_format) {
  const std::string good = row_of("5:00 7:30 Relax 34 249 CZK");
  EXPECT_EQ(detail_of(good + row_of("24:00 7:30 Relax 34 249 CZK")),
            "row 2, departure: read \"24:00\", expected a time of day, hh:mm");
  EXPECT_THAT(detail_of(row_of("5:00 late Relax 34 249 CZK")), HasSubstr("row 1, arrival: read \"late\""));
  EXPECT_THAT(detail_of(row_of("5:00 7:30 Relax many 249 CZK")),
              HasSubstr("row 1, free seats: read \"many\""));
  EXPECT_THAT(detail_of(row_of("5:00 7:30 Relax 34 \"2\\\xC4\x8D CZK")),
              HasSubstr(R"(price: read "\x222\x5C\xC4\x8D", expected digits)"));
  EXPECT_EQ(detail_of(row_of("5:00 7:30 Relax 34 249")), "row 1, read 5 words, expected 6");
  EXPECT_EQ(detail_of(good + good + row_of("")), "row 3, read 0 words, expected 6");
  EXPECT_EQ(detail_of(row_of("5:00 7:30 Relax 34 249 CZK +1")),
            "row 1, read a seventh word, \"+1\", expected 6 words");
  EXPECT_THAT(detail_of(row_of(std::string(65, 'x'))), HasSubstr("row 1, word 1: read \"xxx"));
  EXPECT_THAT(detail_of(row_of("5:00 7:30 Rel\xE1x 34 249 CZK")), HasSubstr("row 1, word 3: "));
  EXPECT_THAT(detail_of(good + row_of("5:00 " + good)), HasSubstr("row"));
  const auto cut_after = [](const std::string& start) {
    const auto result = fares_on("<div class=results>" + start);
    return result ? "no error" : result.error().detail;
  };
  EXPECT_THAT(cut_after(good + "<p class=select-line>5:00 7:30 "),
              HasSubstr("row 2, read the page's end after 2 words"));
  EXPECT_THAT(cut_after(good + "<p class"), HasSubstr("after row 1: read the page's end within a tag"));
  EXPECT_EQ(cut_after(good), "after row 1: read the page's end, expected </html> before it");
  EXPECT_THAT(detail_of("<div class=select-line>5:00<b class=select-line>"),
              HasSubstr("row 1, read a row within it"));
}

TEST(fare_scanner, error_detail_is_short_and_printable) {
  for (const std::string& word :
       {std::string(64, 'x'), std::string(64, '"'), std::string{"\xE2\x82\xAC\xE2\x82\xAC"}}) {
    const std::string detail = detail_of(row_of(word));
    EXPECT_LE(in_quotes(word).size(), 64U + 2 + 3);
    EXPECT_LE(detail.size(), 160U);
    for (const char c : detail) EXPECT_TRUE(c >= ' ' && c <= '~') << detail;
  }
}

TEST(fare_scanner, previous_page_does_not_change_next_fares) {
  const std::string good = page(row_of("5:00 7:30 Relax 34 249 CZK"));
  const std::string without_end = "<div class=results>" + row_of("5:00 7:30 Relax 34 249 CZK");
  const std::string without_results = row_of("5:00 7:30 Relax 34 249 CZK") + "</html>";
  fare_scanner scanner;
  for (const std::string& before : {good, without_end, row_of("x"), std::string{"<p class=select-line>5:00"},
                                    std::string{"<!--"}, row_of("\xFF")}) {
    scanner.feed(before);
    static_cast<void>(scanner.finish());
    for (const auto& incomplete : {without_end, without_results}) {
      scanner.feed(incomplete);
      EXPECT_FALSE(scanner.finish()) << "state of the previous page";
    }
    scanner.feed(good);
    const auto result = scanner.finish();
    ASSERT_TRUE(result) << describe(result.error());
    EXPECT_EQ(result->size(), 1U);
  }
}

}  // namespace
}  // namespace farebench
