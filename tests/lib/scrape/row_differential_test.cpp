#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "libxml2_oracle.hpp"
#include "page_generator.hpp"
#include "scanned_rows.hpp"
#include "tests/support/sampled_cases.hpp"

#include <libxml/HTMLparser.h>

// Compares the scanner with libxml2: it must find the same rows on every page, for any chunks.
namespace farebench::test {
namespace {

std::map<std::string, std::string> fixture_pages() {
  std::map<std::string, std::string> pages;
  for (const auto& entry : std::filesystem::directory_iterator{FAREBENCH_TEST_PAGES}) {
    std::ifstream file{entry.path(), std::ios::binary};
    std::ostringstream text;
    text << file.rdbuf();
    pages[entry.path().filename()] = text.str();
  }
  return pages;
}

std::string long_page(std::size_t row_count) {
  std::string page = "<html><body><table>";
  for (std::size_t i = 0; i < row_count; ++i) {
    page +=
        "<tr class=\"select-line\"><td>" + std::to_string(i % 24) + ":00<td>Relax&nbsp;" + std::to_string(i);
  }
  return page + "</table></body></html>";
}

TEST(row_differential, has_fixture_pages) { EXPECT_GE(fixture_pages().size(), 19U); }

TEST(row_differential, fixture_pages_have_the_rows_of_libxml2) {
  for (const auto& [name, page] : fixture_pages()) {
    EXPECT_EQ(disagreement(page, scan(page), rows_of_libxml2(page)), "") << name;
  }
}

TEST(row_differential, fixture_rows_are_independent_of_the_chunks) {
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

TEST(row_differential, cut_fixture_pages_agree_with_libxml2) {
  for (const auto& [name, page] : fixture_pages()) {
    for (std::size_t size = 0; size < page.size(); size += 1 + page.size() / 500) {
      const auto part = std::string_view{page}.substr(0, size);
      ASSERT_EQ(disagreement(part, scan(part), rows_of_libxml2(part)), "") << name << " up to byte " << size;
    }
  }
}

TEST(row_differential, ten_thousand_rows_agree_with_libxml2) {
  const std::string page = long_page(10'000);
  const scanned_rows whole = scan(page);
  EXPECT_EQ(whole.rows.size(), 10'000U);
  EXPECT_EQ(disagreement(page, whole, rows_of_libxml2(page)), "");
  for (const std::size_t chunk_bytes : {1u, 5u, 1460u, 16384u}) {
    EXPECT_EQ(scan_in_chunks(page, chunk_bytes), whole) << chunk_bytes;
  }
}

TEST(row_differential, every_entity_agrees_with_libxml2) {
  std::string page;
  for (unsigned value = 0; value < 0x3000; ++value) {
    const htmlEntityDesc* const entity = htmlEntityValueLookup(value);
    if (entity == nullptr) continue;
    page += "<p class=select-line>a&" + std::string{entity->name} + ";b &" + entity->name + " &x" +
            entity->name + ";";
  }
  page += "<p>";
  const auto ours = scan(page);
  EXPECT_EQ(ours.rows.size(), 253U);
  EXPECT_EQ(disagreement(page, ours, rows_of_libxml2(page)), "");
}

TEST(row_differential, every_pair_of_elements_agrees_with_libxml2) {
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
        ASSERT_EQ(disagreement(page, scan(page), rows_of_libxml2(page)), "") << page;
      }
    }
  }
}

TEST(row_differential, random_pages_agree_with_libxml2) {
  std::size_t rows = 0;
  for (std::uint64_t seed = 1; seed <= 6'000; seed += case_step) {
    page_generator generator{seed};
    std::string page = generator.page();
    if (seed % 2 == 0) page = generator.mutated(page);
    if (is_read_otherwise(page)) continue;
    const scanned_rows whole = scan(page);
    rows += whole.rows.size();
    ASSERT_EQ(disagreement(page, whole, rows_of_libxml2(page)), "")
        << "seed " << seed << ": " << escaped(page);
    for (const std::size_t chunk_bytes : {1u, 3u}) {
      ASSERT_EQ(scan_in_chunks(page, chunk_bytes), whole) << "seed " << seed << ": " << escaped(page);
    }
  }
  // Most pages must have rows to compare.
  EXPECT_GT(rows, 2'000U / case_step);
}

}  // namespace
}  // namespace farebench::test
