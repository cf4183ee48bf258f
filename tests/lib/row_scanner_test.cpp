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
  EXPECT_EQ(scan(row("K&ccaron; &dollar; &#128; &#x9f &fjlig;&NotEqualTilde;")).rows,
            (rows{{"K\xC4\x8D", "$", "\xE2\x82\xAC", "\xC5\xB8", "fj\xE2\x89\x82\xCC\xB8"}}));
  EXPECT_EQ(scan(row("a&#0;b&#xD800;c&#1114112;d&#99999999999999999999;e")).rows, (rows{{"a\xEF\xBF\xBD"
                                                                                         "b\xEF\xBF\xBD"
                                                                                         "c\xEF\xBF\xBD"
                                                                                         "d\xEF\xBF\xBD"
                                                                                         "e"}}));
  EXPECT_EQ(scan(row("& && &amp &bogus; &EACUTE; a&b &#; &#x; &#xg")).rows,
            (rows{{"&", "&&", "&", "&bogus;", "&EACUTE;", "a&b", "&#;", "&#x;", "&#xg"}}));
  // The longest name counts, and old names need no semicolon.
  EXPECT_EQ(scan(row("&notit; &notin; &ampamp; &copy2 &nbspx")).rows,
            (rows{{"\xC2\xACit;", "\xE2\x88\x89", "&amp;",
                   "\xC2\xA9"
                   "2",
                   "x"}}));
  EXPECT_EQ(scan(row("&CounterClockwiseContourIntegral;&CounterClockwiseContourIntegralx")).rows,
            (rows{{"\xE2\x88\xB3&CounterClockwiseContourIntegralx"}}));
}

TEST(row_scanner, references_in_class_follow_the_attribute_rule) {
  EXPECT_EQ(scan("<b class='&ltselect-line'></b><b class='select&#45line'>1</b>").rows, (rows{{"1"}}));
  EXPECT_EQ(scan("<b class='&Tab;select-line&NewLine;'>1</b><b class='x&Tabselect-line'>2</b>").rows,
            (rows{{"1"}}));
  EXPECT_EQ(scan("<b class=x&#32;select-line>1</b>").rows, (rows{{"1"}}));
}

TEST(row_scanner, attributes_have_any_name_and_quotes) {
  for (const auto* attributes :
       {"@click='() => pick(1)'", "1='x > y'", "\"='>'", "a/b='>'", "/", "=x", "==\">\"", "<='>'", "a=b/",
        "x=\"'>\"", "[(x)]='>'", "v-on:a.b='>'", "\xC4\x8D='>'", "a =\n'>'", "a= ", "#x=>' "}) {
    const std::string page = joined("<div ", attributes, " class=select-line>1</div>");
    if (std::string_view{attributes} == "a= " || std::string_view{attributes} == "#x=>' ") {
      EXPECT_EQ(scan(page).rows, rows{}) << page;
    } else {
      EXPECT_EQ(scan(page).rows, (rows{{"1"}})) << page;
    }
  }
  EXPECT_EQ(scan("<div/class=select-line>1</div/x='>'>").rows, (rows{{"1"}}));
}

TEST(row_scanner, row_ends_at_its_own_end_tag) {
  EXPECT_EQ(scan("<div class=select-line>1<p>2</p><ul><li>3</li></ul></div>4").rows, (rows{{"123"}}));
  EXPECT_EQ(scan("<table><tr class=select-line> <td>1</td><td>2</td></tr></table>").rows, (rows{{"12"}}));
  EXPECT_EQ(scan("<table><tr><td><div class=select-line>1</div></table><i class=select-line>2</i>").rows,
            (rows{{"1"}, {"2"}}));
  EXPECT_EQ(scan("<br class=select-line>1<i class=select-line />2</i>").rows, (rows{{}, {"2"}}));
  EXPECT_EQ(scan("<a class=select-line><div>1</div></a>").rows, (rows{{"1"}}));
  EXPECT_EQ(scan("<p>x<b>y</p><div class=select-line>1<i>2</b></div>").rows, (rows{{"12"}}));
  EXPECT_EQ(scan("<div class=select-line>1<pre>\n2</pre><pre>\r\n3</pre><pre>&#10;4</pre></div>").rows,
            (rows{{"1234"}}));
}

TEST(row_scanner, unbalanced_row_gives_a_problem) {
  for (const auto* page :
       {"<div class=select-line>1</span></div>", "<div class=select-line><span>1</div>",
        "<x-a class=select-line>1</x-b>", "<p class=select-line>1<div>2</div></p>",
        "<span class=select-line><li>1</li></span>", "<p><span class=select-line><div>1</div></span>",
        "<a><b class=select-line><a>1</a></b>", "<table><tr class=select-line>1<td>2</td></tr></table>",
        "<div class=select-line><td>1</td></div>", "<table><tr class=select-line><td>1<td>2</tr></table>",
        "<div class=select-line><option>1</div>", "<div class=select-line><svg><div>1</div></svg></div>",
        "<svg><![CDATA[<b class=select-line></b>]]></svg>",
        "<div class=select-line><button>1<button>2</button></button></div>", "<frameset>", "<plaintext>",
        "<form><div class=select-line><form></form></div></form>", "<select><table>", "<select><title>"}) {
    EXPECT_EQ(problem_of(page), page_problem::unbalanced) << page;
  }
}

TEST(row_scanner, row_that_may_be_ignored_or_moved_gives_a_problem) {
  for (const auto* page :
       {"<select><option class=select-line>1</option></select>",
        "<template><p class=select-line>1</p></template>", "<svg><g class=select-line></g></svg>",
        "<svg><desc><b class=select-line></b></desc></svg>", "<table><div class=select-line>1</div></table>",
        "<tr class=select-line></tr>", "<table><tr><b class=select-line>1</b></table>",
        "<noscript class=select-line>1</noscript>", "<form><form class=select-line></form></form>",
        "<select><p class=select-line>1</p></select>"}) {
    EXPECT_EQ(problem_of(page), page_problem::misplaced_row) << page;
  }
}

TEST(row_scanner, page_may_hold_other_contexts_beside_its_rows) {
  for (const auto* other :
       {"<select><option>1<option>2</select>", "<template><div><li>x</template>",
        "<p>1<p>2<ul><li>3<li>4</ul>", "<svg viewBox='0 0'><title>Bus</title><path d=''/><g><path></g></svg>",
        "<svg/>", "<svg><style>.a{}</style><foreignObject><div>x</div></foreignObject></svg>",
        "<math><mi>x</mi></math>", "<table>x<tr><td>1<td>2<tr><th>3</table>",
        "<table><caption>x<table><td>y</table><tr><td></table>", "<a>x<b>y<p>z", "</div></b></td>",
        "<noscript><img></noscript>"}) {
    EXPECT_EQ(scan(joined(other, row("1"))), (test::scanned_rows{{{"1"}}, page_problem::none})) << other;
  }
  EXPECT_EQ(scan(row("1<svg><title>Bus</title><path/></svg>2")).rows, (rows{{"12"}}));
}

TEST(row_scanner, elements_are_identified_by_their_full_names) {
  // Its key, modulo 2^64, equals that of "script", whose content holds no rows.
  EXPECT_EQ(scan(joined("<clacpgajgajjibmd>", row("1"), "</clacpgajgajjibmd>")).rows, (rows{{"1"}}));
  EXPECT_EQ(scan(joined("<script-->", row("1"), "</script-->")).rows, (rows{{"1"}}));
  EXPECT_EQ(scan(joined("<SCRIPT>", row("1"), "</SCRIPT>", row("2"))).rows, (rows{{"2"}}));
}

TEST(row_scanner, rows_in_comment_script_or_value_are_ignored) {
  const std::string fake = row("1");
  for (const auto& hidden :
       {joined("<!--", fake, "-->"), joined("<!---", fake, "--->"), joined("<!--!>", fake, "--!>"),
        joined("<!-- --!-", fake, "-->"), joined("<script>'", fake, "'</script>"),
        joined("<STYLE>", fake, "</script></Style >"), joined("<b title='", fake, "'></b>"),
        joined("<title>x", fake, "</titlex></title>"), joined("<textarea>", fake, "</textarea/>"),
        joined("<xmp>", fake, "</xmp>"), joined("<iframe>", fake, "</iframe>"),
        joined("<noembed>", fake, "</noembed>"), joined("<noframes>", fake, "</noframes>"),
        joined("<script><!--<script></script>", fake, "--></script>"),
        joined("<script><!--<script></script></script>"), joined("<script><!--></script>"),
        joined("<script><!--<scriptx></script>"), joined("<b title=\"", fake, "\"></b>")}) {
    EXPECT_EQ(scan(joined(hidden, row("2"))).rows, (rows{{"2"}})) << hidden;
  }
  // A bogus comment ends at the first `>`.
  for (const auto* start : {"<!x", "</ x", "<?x", "<![CDATA[", "<!-x", "</\x01", "<!doctype x '"}) {
    EXPECT_EQ(scan(joined(start, "<div class=select-line>", "x", row("2"))).rows, (rows{{"2"}})) << start;
  }
  for (const auto* empty :
       {"<!-->", "<!--->", "<!---->", "<!>", "</>", "<?>", "<!->", "<", "<1", "<!---!-->"}) {
    EXPECT_EQ(scan(joined("<b></b>", empty, row("2"))).rows, (rows{{"2"}})) << empty;
  }
}

TEST(row_scanner, nested_rows_give_a_problem) {
  EXPECT_EQ(problem_of(row(joined("1", row("2")))), page_problem::nested_row);
  EXPECT_EQ(problem_of("<html class=select-line>1</html>"), page_problem::page_as_row);
  EXPECT_EQ(problem_of("<p><body class=select-line>1"), page_problem::page_as_row);
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
  for (const auto* text :
       {"\x80", "\xC3", "\xC3(", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xEF\xBF\xBF", "\x01", "\v", "&#1;", "&#xFFFE;",
        "\x1F", "\xC3<b>\xA9</b>", "\xC3&amp;", "\xC3&#65;"}) {
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
  const auto repeated = [](std::size_t count, std::string_view text) {
    std::string page;
    for (std::size_t i = 0; i < count; ++i) page += text;
    return page;
  };
  const auto nested = [&](std::size_t depth) {
    return row(repeated(depth - 1, "<x-a>") + "1" + repeated(depth - 1, "</x-a>"));
  };
  EXPECT_EQ(scan(nested(row_scanner::max_depth)).rows, (rows{{"1"}}));
  EXPECT_EQ(problem_of(nested(row_scanner::max_depth + 1)), page_problem::too_deep);
  EXPECT_EQ(scan(repeated(1000, "<div>") + row("1")).rows, (rows{{"1"}}));
  EXPECT_EQ(problem_of(repeated(row_scanner::max_tables, "<table><td>") + row("1")), page_problem::none);
  EXPECT_EQ(problem_of(repeated(row_scanner::max_tables + 1, "<table><td>")), page_problem::too_deep);
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

TEST(row_scanner, row_scanner_size_is_at_most_540_bytes) { EXPECT_LE(sizeof(row_scanner), 540U); }

}  // namespace
}  // namespace farebench
