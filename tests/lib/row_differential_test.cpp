// Compares the scanner with gumbo: it must find the same rows on every page, for any chunks.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "lib/system/output_file.hpp"
#include "tests/lib/scanned_rows.hpp"
#include "tests/support/sampled_cases.hpp"

namespace farebench::test {
namespace {

using namespace std::string_view_literals;

template <std::size_t count>
constexpr std::array<std::string_view, count> list(const std::string_view (&items)[count]) {
  return std::to_array(items);
}

// clang-format off: one line holds as many as fit
constexpr auto common_elements = list({
    "div", "div", "span", "td", "tr", "table", "p", "li", "ul", "b", "a", "TR", "Td", "Span"});
constexpr auto all_elements = list({
    "html", "head", "body", "title", "meta", "link", "base", "tbody", "thead", "tfoot", "th", "caption",
    "col", "colgroup", "ol", "dl", "dt", "dd", "menu", "dir", "h1", "h2", "h6", "pre", "form", "input",
    "select", "option", "optgroup", "textarea", "label", "button", "fieldset", "legend", "br", "hr", "img",
    "i", "u", "s", "tt", "big", "small", "strike", "font", "center", "em", "strong", "address",
    "blockquote", "noscript", "frameset", "frame", "noframes", "iframe", "object", "param", "area", "map",
    "xmp", "listing", "isindex", "section", "article", "nav", "main", "x-fare", "x-row", "svg:g", "q.r",
    "p.x", "td.y", "wbr", "source", "BODY", "Html", "embed", "basefont", "sub", "sup", "applet"});
constexpr auto class_values = list({
    "select-line", "select-line", "select-line", "line select-line", "select-line bus", "select-lines",
    "Select-Line", "select-line2", "train-line", "select", "", " select-line ", "a\tselect-line\nb",
    "select&#45;line", "select&#x2D;line;", "a&#32;select-line", "a&nbsp;select-line", "select-line&#0;x",
    "select-line&amp;", "&lt;select-line", "a&select-line", "select-line&#9;x", "select-line;"});
constexpr auto attributes = list({
    "id", "title=\"a>b\"", "title='<div class=select-line>'", "data-x=1", "href=/a?b=c&d=e", "checked",
    "class2=x", "lang=\"\"", "onclick='f(\"x\")'", "a=b/", "/", "\"", "'", "=", "=x", "<", "&", "1a=b",
    "_x=1", ":y", ".z='1'", "style = \"a\"", "é=1", "class.x=select-line", "x=\"&quot;>\"",
    "\"class=select-line", "/class=select-line"});
constexpr auto texts = list({
    "7:05", "Relax", "249", "CZK", "K\xC4\x8D", "\xE2\x82\xAC", "24<b>9</b>", " ", "\n  ", "\t", "\xC2\xA0",
    "\xE2\x80\x89", "\xE3\x80\x80", "&nbsp;", "&amp;", "&eacute;", "&euro;", "&hellip", "&amp", "&", "&;",
    "&&", "& b", "&#65;", "&#x41;", "&#65", "&#x4a b", "&#;", "&#x;", "&#xg;", "&#0;", "&#32;", "&#160;",
    "&#8364;", "&#128;", "&#x110000;", "&#99999999999999;", "&#xD800;", "&#1114111;", "&#13;", "&thetasym;",
    "&alefsym;", "&Alpha;", "&alpha;", "&bogus;", "&verylongentityname;", "&frac12;", "&there4;", "&apos;",
    "&quot;x", "&lt;b&gt;", "a&b;c", "<", "< ", "<3", "<>", "<_a>", "<:b>", "<.c>", "</>", "</ div>",
    "</3>", "</_a>", "</", "&amp\xC3\xA9;", "\xC3\xA9", "1 2 3", "]]>", "<![CDATA[x y]]>", "<!>", "<!x>",
    "<!-x>", "<!- ->", "<!doc>", "<?", "<? x>", "<?x y>", "<?x>", "<?x <b>?>", "x>", "\xF0\x9F\x9A\x8C",
    "word-of-more-than-sixteen-bytes"});
constexpr auto comments = list({
    "<!---->", "<!-- x -->", "<!--><b>-->", "<!---><i>-->", "<!-- --!>", "<!----!>", "<!-- -- -->",
    "<!-- --- -->", "<!-- a--b -->", "<!-- <div class=\"select-line\">1 2</div> -->", "<!--->x-->",
    "<!-- --!x -->", "<!-- --!-->", "<!--a-->", "<!-- > -->", "<!--!>-->", "<!-- --!-!> -->"});
constexpr auto doctypes = list({
    "<!DOCTYPE html>", "<!doctype html>", "<!DOCTYPE>",
    "<!DocType html PUBLIC \"-//W3C//DTD HTML 4.01//EN\" \"x\">", "<!DOCTYPE html SYSTEM 'x'>",
    "<!DOCTYPEhtml>", "<!DOCTYPE html></div>", "<!DOCTYPE html></span>", "<!DOCTYPE html><!DOCTYPE html>",
    "<!DOCTYPE html><!-- x -->", "<!DOCTYPE html><b>"});
constexpr auto raw_contents = list({
    "", "x", "<div class=select-line>1</div>", "</b>", "</div>", "</div></b>x", "<!--", "<!-- </scr -->",
    "if(a<b)c", "</", "</ ", "</scrip", "<noscript>", "<noscript", "<body>", "<frameset>", "<noscript.x>",
    "<b>", "x<noscript>", "&amp;", "</script2>", "</styles>", "</SCRIPT x", "<script>", "<style>", "a</b>c",
    "</></div>", " </div>"});
// clang-format on

/// Generates random HTML, valid and invalid: rows, tables, lists, unknown elements, comments, scripts,
/// doctypes, references, attributes with any quoting, missing and surplus tags. Equal seeds generate equal
/// pages.
class page_generator {
 public:
  explicit page_generator(std::uint64_t seed) : random_(seed) {}

  /// Returns a page of up to a few hundred fragments of markup; most pages have far fewer.
  std::string page();
  /// Returns a page whose elements nest as the scanner requires, with odd attributes, comments and text.
  std::string well_formed_page();
  /// Returns the page with up to eight bytes changed, removed, repeated or moved.
  std::string mutated(std::string page);

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <typename Choices>
  std::string_view any_of(const Choices& choices) {
    return choices[below(choices.size())];
  }

  std::string row();
  std::string start_tag();
  std::string class_attribute();
  std::string blanks();
  std::string text();
  std::string raw_element();
  std::string fragment();
  std::string element(std::string_view name, std::string_view content);
  std::string content(std::size_t depth, bool is_phrasing);

  std::mt19937_64 random_;
};

std::string page_generator::blanks() {
  std::string text;
  while (one_in(2)) text += " \n\t\r"[below(4)];
  return text;
}

std::string page_generator::class_attribute() {
  const auto value = any_of(class_values);
  const auto name = one_in(5) ? "CLASS"sv : "class"sv;
  const std::string equals = one_in(6) ? joined(blanks(), "=", blanks()) : "=";
  switch (below(8)) {
    case 0:
      return joined(name, equals, "'", value, "'");
    case 1:
      return joined(name, equals, value);
    case 2:
      return one_in(4) ? std::string{name} : joined(name, equals, "\"", value, "\"");
    default:
      return joined(name, equals, "\"", value, "\"");
  }
}

std::string page_generator::start_tag() {
  std::string tag = joined("<", one_in(3) ? any_of(all_elements) : any_of(common_elements));
  while (one_in(4)) tag += joined(" ", blanks(), any_of(attributes));
  if (one_in(12)) tag += joined(" ", class_attribute());
  while (one_in(6)) {
    if (!one_in(8)) tag += ' ';
    tag += one_in(6) ? class_attribute() : std::string{any_of(attributes)};
  }
  if (one_in(8)) tag += blanks();
  if (one_in(40)) return tag;
  return tag + (one_in(20) ? "/>" : one_in(30) ? "/ >" : ">");
}

std::string page_generator::text() {
  std::string text;
  do {
    text += any_of(texts);
    if (one_in(2)) text += ' ';
  } while (one_in(2));
  return text;
}

std::string page_generator::row() {
  const auto element = any_of(common_elements);
  std::string row = joined("<", element, " ", class_attribute(), ">");
  while (!one_in(5)) {
    if (one_in(3)) {
      const auto cell = any_of(common_elements);
      row += joined("<", cell, ">", text());
      if (!one_in(5)) row += joined("</", cell, ">");
    } else {
      row += one_in(8) ? fragment() : text();
    }
  }
  if (!one_in(6)) row += joined("</", element, ">");
  return row;
}

std::string page_generator::raw_element() {
  const auto element = one_in(3) ? "style"sv : one_in(4) ? "SCRIPT"sv : "script"sv;
  std::string raw = joined("<", element);
  if (one_in(4)) raw += joined(" ", any_of(attributes));
  raw += '>';
  while (one_in(2)) raw += any_of(raw_contents);
  if (!one_in(12)) raw += joined("</", element, one_in(8) ? " x>" : ">");
  return raw;
}

std::string page_generator::fragment() {
  switch (below(14)) {
    case 0:
    case 1:
    case 2:
      return start_tag();
    case 3:
    case 4:
      return joined("</", one_in(3) ? any_of(all_elements) : any_of(common_elements), blanks(), ">");
    case 5:
    case 6:
      return text();
    case 7:
      return one_in(2) ? std::string{any_of(comments)} : blanks();
    case 8:
      return one_in(3) ? raw_element() : text();
    case 9:
      return one_in(6) ? std::string{any_of(doctypes)} : blanks();
    case 10:
      return one_in(30) ? std::string(990 + below(20), ' ') : start_tag();
    case 11:
      return one_in(40) ? joined("<", std::string(95 + below(10), 'n'), " class=select-line>") : text();
    default:
      return row();
  }
}

std::string page_generator::page() {
  std::string page;
  if (one_in(20)) page += "\xEF\xBB\xBF";
  if (one_in(3)) page += joined(blanks(), any_of(comments), blanks());
  if (one_in(2)) page += joined(any_of(doctypes), blanks());
  if (one_in(3)) page += joined("<html><head><title>J\xC3\xADzdenky</title></head>", blanks(), "<body>");
  const std::size_t fragments = one_in(20) ? below(200) : below(25);
  for (std::size_t i = 0; i < fragments; ++i) page += fragment();
  if (!one_in(4)) page += "</body></html>";
  if (one_in(8)) page += fragment();
  if (one_in(10)) page.resize(below(page.size() + 1));
  return page;
}

std::string page_generator::element(std::string_view name, std::string_view content) {
  std::string tag = joined("<", name);
  while (one_in(3)) {
    const auto attribute = any_of(attributes);
    if (attribute != "/class=select-line" && attribute != "=") tag += joined(" ", blanks(), attribute);
  }
  if (one_in(5)) tag += " class=train-line";
  return joined(tag, one_in(8) ? " />" : ">", content, "</", name, blanks(), one_in(9) ? " x='>'>" : ">");
}

std::string page_generator::content(std::size_t depth, bool is_phrasing) {
  constexpr auto closed = list(
      {"<br>", "<img alt='>'/>", "<script>if(a<b)c</script>", "<script><!--<script></script>--></script>",
       "<style>b</i></style>", "<textarea><b></textarea>", "<title>x</b></title>", "<svg/>", "<input>",
       "<svg viewBox='0'><title>Bus</title><path d=''/><g></g></svg>", "<iframe><b></iframe>", "<wbr>"});
  constexpr auto phrasing = list({"span", "x-fare", "label", "em", "b", "i", "strong", "SMALL", "q"});
  constexpr auto blocks = list({"div", "section", "DIV", "article", "fieldset", "blockquote", "h2"});
  std::string text;
  while (!one_in(4)) {
    const std::size_t choice = depth == 0 ? below(2) : below(is_phrasing ? 4 : 8);
    if (choice == 0) {
      // Text must not begin markup that the next text would end.
      text += joined(any_of(texts), " .");
      if (text.find_last_of('<') != std::string::npos &&
          text.find('>', text.find_last_of('<')) == std::string::npos)
        text += '>';
    } else if (choice == 1) {
      text += one_in(3) ? any_of(comments) : any_of(closed);
    } else if (choice < 4) {
      text += element(any_of(phrasing), content(depth - 1, true));
    } else if (choice == 4) {
      text += element("p", content(depth - 1, true));
    } else if (choice == 5) {
      text += element("ul", element("li", content(depth - 1, false)));
    } else if (choice == 6) {
      text += element("table", element("tr", element("td", content(depth - 1, false)) + " "));
    } else {
      const auto name = any_of(blocks);
      text += element(name, content(depth - 1, name == "h2"));
    }
  }
  return text;
}

std::string page_generator::well_formed_page() {
  constexpr auto rows = list({"div", "section", "p", "li", "article"});
  std::string page = "<!DOCTYPE html><html><head><title>x</title></head><body>";
  for (std::size_t i = below(6); i > 0; --i) {
    page += content(3, false);
    const auto name = any_of(rows);
    page += joined("<", name, " ", any_of(attributes), " class='a select-line'>", content(3, name == "p"),
                   "</", name, ">");
    page += joined("<table><tr class=select-line> <td>", content(2, false), "</td></tr></table>");
  }
  return page + "</body></html>";
}

std::string page_generator::mutated(std::string page) {
  constexpr std::string_view bytes = "<>/!-?&#;=\"' \n\tacdelnpst1.:_x";
  for (std::size_t changes = 1 + below(8); changes > 0 && !page.empty(); --changes) {
    const std::size_t at = below(page.size());
    switch (below(4)) {
      case 0:
        page[at] = bytes[below(bytes.size())];
        break;
      case 1:
        page.erase(at, 1 + below(6));
        break;
      case 2:
        page.insert(at, 1, bytes[below(bytes.size())]);
        break;
      default:
        page.insert(below(page.size()), page.substr(at, 1 + below(40)));
        break;
    }
  }
  return page;
}

std::map<std::string, std::string> fixture_pages() {
  std::map<std::string, std::string> pages;
  for (const auto& entry : std::filesystem::directory_iterator{FAREBENCH_TEST_PAGES}) {
    pages[entry.path().filename()] = read_file(entry.path());
  }
  return pages;
}

std::string long_page(std::size_t row_count) {
  std::string page = "<html><body><table>";
  for (std::size_t i = 0; i < row_count; ++i) {
    page += "<tr class=\"select-line\"><td>" + std::to_string(i % 24) + ":00</td><td>Relax&nbsp;" +
            std::to_string(i) + "</td></tr>";
  }
  return page + "</table></body></html>";
}

TEST(row_differential, all_fixture_pages_are_found) { EXPECT_GE(fixture_pages().size(), 19U); }

TEST(row_differential, fixture_pages_agree_with_gumbo) {
  for (const auto& [name, page] : fixture_pages()) {
    EXPECT_EQ(disagreement(page, scan(page), rows_of_gumbo(page)), "") << name;
  }
}

TEST(row_differential, chunks_do_not_change_fixture_rows) {
  for (const auto& [name, page] : fixture_pages()) {
    const scanned_rows whole = scan(page);
    for (std::size_t at = 0; at <= page.size(); ++at) {
      ASSERT_EQ(scan_split(page, at), whole) << name << " split at byte " << at;
    }
    for (const std::size_t chunk_bytes : {1u, 2u, 3u, 7u, 64u}) {
      ASSERT_EQ(scan_in_chunks(page, chunk_bytes), whole) << name << " in chunks of " << chunk_bytes;
    }
  }
}

TEST(row_differential, cut_fixture_pages_agree_with_gumbo) {
  for (const auto& [name, page] : fixture_pages()) {
    for (std::size_t size = 0; size < page.size(); size += 1 + page.size() / 500) {
      const auto part = std::string_view{page}.substr(0, size);
      ASSERT_EQ(disagreement(part, scan(part), rows_of_gumbo(part)), "") << name << " up to byte " << size;
    }
  }
}

TEST(row_differential, ten_thousand_rows_agree_with_gumbo) {
  const std::string page = long_page(10'000);
  const scanned_rows whole = scan(page);
  EXPECT_EQ(whole.rows.size(), 10'000U);
  EXPECT_EQ(disagreement(page, whole, rows_of_gumbo(page)), "");
  for (const std::size_t chunk_bytes : {1u, 5u, 1460u, 16384u}) {
    EXPECT_EQ(scan_in_chunks(page, chunk_bytes), whole) << chunk_bytes;
  }
}

TEST(row_differential, every_reference_agrees_with_gumbo) {
  std::string page;
  const std::string names = read_file(FAREBENCH_TEST_REFERENCES);
  std::size_t count = 0;
  for (std::size_t at = names.find("    \""); at != std::string::npos; at = names.find("    \"", at + 1)) {
    const std::string name = names.substr(at + 5, names.find('"', at + 5) - at - 5);
    ++count;
    page += "<p class=select-line>a&" + name + "b &" + name + "; &" + name + "= &x" + name + " &" + name +
            "</p><p class='&" + name + "&" + name + "= &" + name + "select-line select-line'></p>";
  }
  EXPECT_EQ(count, 2231U);
  const auto ours = scan(page);
  EXPECT_EQ(ours.problem, page_problem::none);
  EXPECT_EQ(ours.rows.size(), 2 * count);
  EXPECT_EQ(disagreement(page, ours, rows_of_gumbo(page)), "");
}

TEST(row_differential, every_number_agrees_with_gumbo) {
  for (unsigned value = 0; value < 0x120000; value += value < 0x400 ? 1 : 0x3FF) {
    const std::string page = fmt::format("<p class=select-line>a&#{0};b &#x{0:x}c &#X{0:X};d</p>", value);
    ASSERT_EQ(disagreement(page, scan(page), rows_of_gumbo(page)), "") << value;
  }
}

TEST(row_differential, every_pair_of_elements_agrees_with_gumbo) {
  std::vector<std::string> names{"section", "x-y", "xmp", "listing"};
  for (const auto* name :
       {"a",        "abbr",     "acronym",  "address",    "applet",   "area",     "b",        "base",
        "basefont", "bdo",      "big",      "blockquote", "body",     "br",       "button",   "caption",
        "center",   "cite",     "code",     "col",        "colgroup", "dd",       "del",      "dfn",
        "dir",      "div",      "dl",       "dt",         "em",       "embed",    "fieldset", "font",
        "form",     "frame",    "frameset", "h1",         "h2",       "h3",       "h4",       "h5",
        "h6",       "head",     "hr",       "i",          "iframe",   "img",      "input",    "ins",
        "isindex",  "kbd",      "label",    "legend",     "li",       "link",     "map",      "menu",
        "meta",     "noframes", "noscript", "object",     "ol",       "optgroup", "option",   "p",
        "param",    "pre",      "q",        "s",          "samp",     "script",   "select",   "small",
        "span",     "strike",   "strong",   "style",      "sub",      "sup",      "table",    "tbody",
        "td",       "textarea", "tfoot",    "th",         "thead",    "title",    "tr",       "tt",
        "u",        "ul",       "var",      "html"}) {
    names.emplace_back(name);
  }
  for (const auto& outer : names) {
    for (const auto& inner : names) {
      for (const std::string& page :
           {fmt::format("<{0} class=select-line>1<{1}>2</{0}>3</{1}>4</body>", outer, inner),
            fmt::format("<table><{0}><b class=select-line>1<{1}>2</{0}>3</table></body>", outer, inner),
            fmt::format("<{0}><{1} class=select-line>1</{0}>2</html>", outer, inner)}) {
        ASSERT_EQ(disagreement(page, scan(page), rows_of_gumbo(page)), "") << page;
      }
    }
  }
}

TEST(row_differential, random_pages_agree_with_gumbo) {
  std::size_t rows = 0;
  for (std::uint64_t seed = 1; seed <= 6'000; seed += case_step) {
    page_generator generator{seed};
    std::string page = generator.page();
    if (seed % 2 == 0) page = generator.mutated(page);
    if (is_read_otherwise(page)) continue;
    const scanned_rows whole = scan(page);
    rows += whole.rows.size();
    ASSERT_EQ(disagreement(page, whole, rows_of_gumbo(page)), "") << "seed " << seed << ": " << escaped(page);
    for (const std::size_t chunk_bytes : {1u, 3u}) {
      ASSERT_EQ(scan_in_chunks(page, chunk_bytes), whole) << "seed " << seed << ": " << escaped(page);
    }
  }
  // Most rows of such pages are unbalanced.
  EXPECT_GT(rows, 400U / case_step);
}

TEST(row_differential, well_formed_pages_agree_with_gumbo) {
  std::size_t rows = 0;
  for (std::uint64_t seed = 1; seed <= 4'000; seed += case_step) {
    const std::string page = page_generator{seed}.well_formed_page();
    if (is_read_otherwise(page)) continue;
    const scanned_rows whole = scan(page);
    rows += whole.rows.size();
    ASSERT_TRUE(whole.problem == page_problem::none || whole.problem == page_problem::invalid_text ||
                whole.problem == page_problem::overlong_word)
        << "seed " << seed << ", problem " << static_cast<int>(whole.problem) << ": " << escaped(page);
    ASSERT_EQ(disagreement(page, whole, rows_of_gumbo(page)), "") << "seed " << seed << ": " << escaped(page);
    ASSERT_EQ(scan_in_chunks(page, 1), whole) << "seed " << seed << ": " << escaped(page);
  }
  // Most pages must have rows to compare.
  EXPECT_GT(rows, 4'000U / case_step);
}

}  // namespace
}  // namespace farebench::test
