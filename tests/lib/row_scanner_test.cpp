#include "scrape/row_scanner.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/lib/scanned_rows.hpp"

namespace farebench {
namespace {

using test::joined;
using test::row_words;
using test::scan;
using test::scan_in_chunks;
using rows = std::vector<row_words>;

page_problem problem_of(std::string_view page) { return scan(page).problem; }

std::string row(std::string_view content) { return joined("<div class=select-line>", content, "</div>"); }

TEST(row_scanner, only_exact_class_token_begins_a_row) {
  EXPECT_EQ(
      scan("<i class='a select-line b'>1</i><i class='select-lines'>2</i><i class='Select-Line'>3</i>").rows,
      (rows{{"1"}}));
  EXPECT_EQ(scan("<I CLASS=select-line>1</i><i class=\"\tselect-line\n\">2</i>").rows, (rows{{"1"}, {"2"}}));
  EXPECT_EQ(
      scan("<i id=select-line>1</i><i class=a class=select-line>2</i><i class class=select-line>3</i>").rows,
      rows{});
  EXPECT_EQ(scan("<i class='select&#45;line'>1</i><i class='select&ndash;line'>2</i>").rows, (rows{{"1"}}));
  EXPECT_EQ(scan("<i title='>' class=select-line>1</i>").rows, (rows{{"1"}}));
  EXPECT_EQ(scan("<i\fid=1\fclass='a\fselect-line'>1</i>").rows, (rows{{"1"}}))
      << "a form feed is white space";
}

TEST(row_scanner, only_white_space_splits_words) {
  EXPECT_EQ(scan(row("24<b>9</b>")).rows, (rows{{"249"}}));
  EXPECT_EQ(scan(row("24<!-- - -->9<script>1 2</script>0")).rows, (rows{{"2490"}}));
  EXPECT_EQ(scan(row("\r\n a\tb&nbsp;c\xC2\xA0"
                     "d&#x2003;e\xE3\x80\x80"
                     "f\xC2\x85g "))
                .rows,
            (rows{{"a", "b", "c", "d", "e", "f", "g"}}));
  EXPECT_EQ(scan(row("")).rows, (rows{{}}));
}

TEST(row_scanner, references_are_decoded) {
  EXPECT_EQ(scan(row("&amp;&lt;&eacute;&euro;&thetasym;&apos;")).rows,
            (rows{{"&<\xC3\xA9\xE2\x82\xAC\xCF\x91'"}}));
  EXPECT_EQ(scan(row("&#65;&#x42;&#67 &#x1F68C;")).rows, (rows{{"ABC", "\xF0\x9F\x9A\x8C"}}));
  EXPECT_EQ(scan(row("a&#0;b&#xD800;c&#1114112;d&#99999999999999999999;e&#;f")).rows, (rows{{"abcdef"}}));
  EXPECT_EQ(scan(row("& && &amp &bogus; &EACUTE; a&b")).rows,
            (rows{{"&", "&&", "&amp", "&bogus;", "&EACUTE;", "a&b"}}));
}

TEST(row_scanner, row_ends_as_in_libxml2) {
  // In the first page no table is open, so its end tag is ignored.
  EXPECT_EQ(scan("<tr class=select-line><td>1<td>2<tr class=select-line><td>3</table>x</body>").rows,
            (rows{{"12"}, {"3x"}}));
  EXPECT_EQ(scan("<table><tr class=select-line><td>1<td>2<tr class=select-line><td>3</table>x").rows,
            (rows{{"12"}, {"3"}}));
  EXPECT_EQ(scan("<p class=select-line>1<p>2").rows, (rows{{"1"}}));
  EXPECT_EQ(scan("<div><b class=select-line>1</div>2").rows, (rows{{"1"}}));
  EXPECT_EQ(scan("<div class=select-line>1</span></p>2</div>3").rows, (rows{{"12"}}));
  EXPECT_EQ(scan("<br class=select-line>1<i class=select-line />2").rows, (rows{{}, {}}));
  EXPECT_EQ(scan("<x-a><x-b class=select-line>1</x-c>2</x-a>3").rows, (rows{{"12"}}));
}

TEST(row_scanner, elements_are_identified_by_their_full_names) {
  // Its key, modulo 2^64, equals that of "script", whose content holds no rows.
  EXPECT_EQ(scan(joined("<clacpgajgajjibmd>", row("1"), "</clacpgajgajjibmd>")).rows, (rows{{"1"}}));
  EXPECT_EQ(scan(joined("<script-->", row("1"), "</script-->")).rows, (rows{{"1"}}));
  EXPECT_EQ(scan(joined("<SCRIPT>", row("1"), "</SCRIPT>", row("2"))).rows, (rows{{"2"}}));
}

TEST(row_scanner, rows_in_comment_script_or_value_are_ignored) {
  const std::string fake = row("1");
  EXPECT_EQ(scan(joined("<!--", fake, "--><!-->", fake, "-->", row("2"))).rows, (rows{{"2"}}));
  EXPECT_EQ(scan(joined("<!-- --!>", row("2"))).rows, (rows{{"2"}}));
  EXPECT_EQ(scan(joined("<script>'", fake, "'</script>", row("2"))).rows, (rows{{"2"}}));
  EXPECT_EQ(scan(joined("<STYLE>", fake, "</script></Style >", row("2"))).rows, (rows{{"2"}}));
  EXPECT_EQ(scan(joined("<b title='", fake, "'></b>", row("2"))).rows, (rows{{"2"}}));
}

TEST(row_scanner, nested_rows_give_a_problem) {
  EXPECT_EQ(problem_of(row(joined("1", row("2")))), page_problem::nested_row);
  EXPECT_EQ(problem_of("<html class=select-line>1</html>"), page_problem::page_as_row);
}

TEST(row_scanner, incomplete_page_gives_a_problem) {
  EXPECT_EQ(problem_of("<div class=select-line>1"), page_problem::ends_in_row);
  for (const auto* page :
       {"<", "</", "</b", "<b", "<b ", "<b a", "<b a='>", "<b a=1", "<b /", "<!", "<!-", "<!-- -", "<!doc",
        "<!doctype html", "<?x", "<script>", "<script>x", "<style></"}) {
    EXPECT_EQ(problem_of(row("1") + page), page_problem::ends_in_markup) << page;
    EXPECT_EQ(scan(row("1") + page).rows, (rows{{"1"}})) << page;
  }
  EXPECT_EQ(problem_of(row("1") + "text &amp"), page_problem::none);
}

TEST(row_scanner, invalid_utf_8_gives_a_problem) {
  for (const auto* text : {"\x80", "\xC3", "\xC3(", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80",
                           "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xEF\xBF\xBF",
                           "\x01", "\f", "\v", "\x1F", "\xC3<b>\xA9</b>", "\xC3&amp;", "\xC3&#65;"}) {
    EXPECT_EQ(problem_of(row(text)), page_problem::invalid_text) << test::escaped(text);
    EXPECT_EQ(problem_of(joined("<body>", text, row("1"))), page_problem::none) << test::escaped(text);
  }
  EXPECT_EQ(problem_of(row(std::string(1, '\0'))), page_problem::invalid_text);
  EXPECT_EQ(problem_of(row("\xF4\x8F\xBF\xBD\xEF\xBF\xBD\x7F")), page_problem::none);
}

TEST(row_scanner, overlong_word_gives_a_problem) {
  const std::string longest(word_collector::max_word_bytes, 'w');
  EXPECT_EQ(scan(row(longest + " " + longest)).rows, (rows{{longest, longest}}));
  EXPECT_EQ(problem_of(row(longest + "<b>w</b>")), page_problem::overlong_word);
  EXPECT_EQ(problem_of(row(longest.substr(1) + "\xC3\xA9")), page_problem::overlong_word);
  // The first problem is reported, for any chunks.
  for (const std::size_t chunk_bytes : {1u, 2u, 200u}) {
    EXPECT_EQ(scan_in_chunks(row(longest + "w\x80"), chunk_bytes).problem, page_problem::overlong_word);
  }
  EXPECT_EQ(problem_of(std::string(1000, 'w') + row("1")), page_problem::none);
}

TEST(row_scanner, too_many_open_elements_give_a_problem) {
  const auto deep = [](std::size_t depth, std::string_view tag) {
    std::string page = "<html><body>";
    for (std::size_t i = 2; i < depth; ++i) page += tag;
    return page;
  };
  EXPECT_EQ(problem_of(deep(html::open_elements::max_depth, "<div>")), page_problem::none);
  EXPECT_EQ(problem_of(deep(html::open_elements::max_depth + 1, "<div>")), page_problem::too_deep);
  EXPECT_EQ(problem_of(deep(3 + html::open_elements::max_unknown_bytes / 8, "<x-bonus>")),
            page_problem::too_deep);
  EXPECT_EQ(problem_of(deep(1000, "<div></div>")), page_problem::none);
  EXPECT_EQ(scan(deep(html::open_elements::max_depth - 1, "<b>") + row("1")).rows, (rows{{"1"}}));
}

TEST(row_scanner, previous_page_does_not_change_next_rows) {
  test::row_recorder recorder;
  row_scanner scanner{recorder};
  for (const auto* page : {"<div class=select-line>1", "<!-- ", "<script>", "<b class='",
                           "</html></body>x &am", "<div class=select-line>\xC3"}) {
    scanner.feed(page);
    EXPECT_NE(scanner.finish(), page_problem{255});
    recorder.take();
    scanner.feed(row("1"));
    EXPECT_EQ(scanner.finish(), page_problem::none);
    EXPECT_EQ(recorder.take(), (rows{{"1"}}));
  }
}

TEST(row_scanner, row_scanner_size_is_at_most_600_bytes) { EXPECT_LE(sizeof(row_scanner), 600U); }

}  // namespace
}  // namespace farebench
