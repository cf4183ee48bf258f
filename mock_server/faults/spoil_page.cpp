#include <array>
#include <vector>

#include "mock_server/faults/spoil_answer.hpp"
#include "mock_server/site/row_places.hpp"

namespace farebench {
namespace {

template <std::size_t count>
std::string_view any_of(const std::array<std::string_view, count>& texts, random_stream& random) {
  return texts[random.below(count)];
}

// Before a row. A parser of HTML makes something of each, and the same rows of the page.
constexpr std::array<std::string_view, 10> junk{
    "<p>Do 5 < 6 & <b>",
    "<a href=x\"y' title=>",
    "<span class=\"select-line-x\" data-\"=1 <i>",
    "</b></span></nothing>",
    "<br/ ><img src=\"a.png\"alt='x'>",
    "&nbsp &#xZZ; &unknown; &#99999999;",
    "<!-- - -- > -->",
    "<>< div class=\"select-line\">",
    "<b/><i class=><td><li>",
    "<?php echo '<' ?>",
};

// Within a row, before a word.
constexpr std::array<std::string_view, 5> inner_junk{"<i>", "<b class=>", "<!---->", "</u><b><i></b>",
                                                     "<em title='>' x=\"<\">"};

constexpr std::array<std::string_view, 8> no_utf8{"\xff", "\xc3",     "\xe2\x82",     "\xf0\x9f\x9a",
                                                  "\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"};

constexpr std::array<std::string_view, 10> no_prices{"zdarma", "12x",   "1e3",   "0x10", "-5",
                                                     "12.345", "1,234", "1.2.3", "NaN",  "&#x661;&#x662;"};

void put_junk(std::string& page, const std::vector<row_place>& rows, random_stream& random) {
  for (std::size_t i = rows.size(); i-- > 0;) {  // from the last, so that places before stay
    if (random.below(2) == 0) page.insert(rows[i].words[random.below(6)].begin, any_of(inner_junk, random));
    page.insert(rows[i].row.begin, any_of(junk, random));
  }
}

// Every later comment's end goes, so that this one has none.
void open_comment(std::string& page, std::size_t begin) {
  page.insert(begin, "<!-- ");
  for (std::size_t at = begin; (at = page.find("-->", at)) != std::string::npos;) page[at + 2] = ' ';
}

}  // namespace

void spoil_page(fault_kind kind, std::string& page, random_stream& random) {
  const auto rows = kind >= fault_kind::malformed_html ? places_of_bus_rows(page) : std::vector<row_place>{};
  if (rows.empty()) return;
  const row_place& row = rows[random.below(static_cast<std::uint32_t>(rows.size()))];
  const row_place::span word = row.words[random.below(6)];
  const row_place::span price = row.words[4];
  switch (kind) {
    case fault_kind::malformed_html:
      return put_junk(page, rows, random);
    case fault_kind::mis_encoded_html:
      page.insert(random.below(2) == 0 ? word.begin : word.end, any_of(no_utf8, random));
      return;
    case fault_kind::missing_field:
      page.erase(word.begin, word.end - word.begin);
      return;
    case fault_kind::extra_field:
      page.insert(word.end, " 7");
      return;
    case fault_kind::price_not_a_number:
      page.replace(price.begin, price.end - price.begin, any_of(no_prices, random));
      return;
    case fault_kind::price_too_large:
      page.replace(price.begin, price.end - price.begin, "99999999999999999999");
      return;
    case fault_kind::unclosed_comment:
      return open_comment(page, rows.front().row.end);
    default:
      return;
  }
}

}  // namespace farebench
