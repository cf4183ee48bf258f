#include "mock_server/site/results_page.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "farebench/date.hpp"
#include "farebench/fare.hpp"
#include "mock_server/site/random_stream.hpp"
#include "mock_server/site/timetable.hpp"

namespace farebench {

/// The HTML of single rows, appended to a page. Markup varies with `random` as hand-written pages do:
/// tags, quoting, class lists, entities and what separates the words. One thread a page.

/// A bus row of at most 160 bytes when `share_bytes` < 1,000, else a verbose one of at most 1,000. In either,
/// the text of the element of class `select-line` is the six words of the fare and nothing else.
void append_bus_row(std::string& page, const fare& offer, std::size_t share_bytes, random_stream& random);

/// The stops of the bus above, as far as they fit into `share_bytes`: not part of its row.
void append_bus_details(std::string& page, const fare& offer, std::size_t share_bytes, random_stream& random);

/// A row that reads like a bus but is none, by its class; at most 110 bytes.
void append_train_row(std::string& page, random_stream& random);

}  // namespace farebench

/// The markup that a bus row is laid out in: an element, and what stands around its words. Shared by what
/// writes rows and what finds them again.
namespace farebench::row_layouts {

struct element {
  std::string_view open;
  std::string_view close;
};

inline constexpr std::array<element, 9> compact_rows{{
    {R"(<div class="select-line">)", "</div>\n"},
    {R"(<div class="select-line">)", "</div>\n"},
    {R"(<div class="select-line" data-bus>)", "</div>\n"},
    {R"(<div class='select-line'>)", "</div>\n"},
    {R"(<div class="row select-line first">)", "</div>\n"},
    {R"(<div title="od > do" class='bus select-line'>)", "</div>\n"},
    {"<DIV CLASS=\"\n line\tselect-line \">", "</DIV>\n"},
    {R"(<section class=select-line>)", "</section>\n"},
    {R"(<article lang='cs' class = "line select-line"  >)", "</article>\n"},
}};

// What stands before each of the six words, and after the last. There is white space between two words in
// any case: markup alone would part them for people, but not in the text that parsers give.
using separators = std::array<std::string_view, 7>;
inline constexpr std::array<separators, 4> compact_words{{
    {"", " ", "\n", " ", "&nbsp;", " ", ""},
    {"<b>", "</b> <b>", "</b> ", " <i>", "</i> <b>", "</b>&nbsp;", ""},
    {"<b>", " </b><b>", "\n</b><i>", "</i> <u>", "</u><b> ", "&#160;", "</b>"},
    {" ", "<br>\n", "<!-- > --> ", "\t", " <br/>", " <b>", "</b>\n"},
}};

inline constexpr separators verbose_words{
    R"(
    <span class="col col-time departure" data-sort="departure" title="odjezd > v&nbsp;čase">)",
    R"(</span>
    <svg class="arrow" width="16" height="16" viewBox="0 0 16 16"><path d="M1 8h12M9 4l4 4-4 4" fill="none"/></svg>
    <span class="col col-time arrival" data-sort="arrival">)",
    R"(</span>
    <span class="col col-type"><span class="badge badge-type" style="color:#a40">)",
    R"(</span></span>
    <!-- volná místa -->
    <span class='col col-free' data-rule='free>0'>)",
    R"(</span>
    <span class="col col-price"><strong class="price">)",
    R"(</strong>&nbsp;<small class="currency">)",
    R"(</small></span>
    <input type="hidden" name="tariff" value="REGULAR"><img class="logo" alt="select-line" src="data:,">
  )"};

inline constexpr separators table_words{R"(<td class="departure">)",
                                        R"(&nbsp;</td><td class="arrival">)",
                                        R"( </td><td class="type">)",
                                        R"(</td> <td class="free"><b>)",
                                        R"(</b></td>
<td class="price">)",
                                        R"(</td><td class="currency"> )",
                                        R"(</td>)"};

inline constexpr element table_row{"<table class=\"line\"><tbody><tr class=\"even select-line\">",
                                   "</tr></tbody></table>\n"};

}  // namespace farebench::row_layouts

namespace farebench {
namespace {

using namespace row_layouts;

void append_number(std::string& page, std::int64_t number) {
  std::array<char, 20> digits;
  const auto [end, fault] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  page.append(digits.data(), end);
}

void append_two_digits(std::string& page, std::int64_t number) {
  page += static_cast<char>('0' + number / 10);
  page += static_cast<char>('0' + number % 10);
}

void append_time(std::string& page, std::chrono::minutes of_day) {
  append_two_digits(page, of_day.count() / 60);
  page += ':';
  append_two_digits(page, of_day.count() % 60);
}

void append_price(std::string& page, std::int64_t hundredths, random_stream& random) {
  append_number(page, hundredths / 100);
  if (hundredths % 100 == 0) return;
  page += random.below(2) == 0 ? '.' : ',';
  append_two_digits(page, hundredths % 100);
}

void append_word(std::string& page, std::span<const printed_word> words, std::string_view text,
                 random_stream& random) {
  page += spelling_of(words, text).html[random.below(2)];
}

void append_type(std::string& page, const fare& offer, random_stream& random) {
  append_word(page, service_types(), offer.type, random);
}

void append_currency(std::string& page, const fare& offer, random_stream& random) {
  append_word(page, currencies(), offer.currency, random);
}

void append_words(std::string& page, const fare& offer, const separators& between, random_stream& random) {
  page += between[0];
  append_time(page, offer.departure);
  page += between[1];
  append_time(page, offer.arrival);
  page += between[2];
  append_type(page, offer, random);
  page += between[3];
  append_number(page, offer.free_seats);
  page += between[4];
  append_price(page, offer.price_hundredths, random);
  page += between[5];
  append_currency(page, offer, random);
  page += between[6];
}

constexpr std::size_t verbose_share_bytes = 1'000;  // no verbose row is longer

}  // namespace

void append_bus_row(std::string& page, const fare& offer, std::size_t share_bytes, random_stream& random) {
  if (share_bytes >= verbose_share_bytes && random.below(6) == 0) {
    page += table_row.open;
    append_words(page, offer, table_words, random);
    page += table_row.close;
    return;
  }
  const element& row = compact_rows[random.below(compact_rows.size())];
  const separators& words =
      share_bytes >= verbose_share_bytes ? verbose_words : compact_words[random.below(compact_words.size())];
  page += row.open;
  append_words(page, offer, words, random);
  page += row.close;
}

void append_bus_details(std::string& page, const fare& offer, std::size_t share_bytes,
                        random_stream& random) {
  constexpr std::string_view open = "<div class=\"select-line-detail\" hidden>\n  <ul class=\"stops\">\n";
  constexpr std::string_view close = "  </ul>\n</div>\n";
  constexpr std::size_t stop_bytes_at_most = 130;
  const std::size_t end = page.size() + share_bytes;
  if (page.size() + open.size() + close.size() + stop_bytes_at_most > end) return;
  page += open;
  std::chrono::minutes at = offer.departure;
  while (page.size() + stop_bytes_at_most + close.size() <= end) {
    page += R"(    <li class="stop"><time>)";
    append_time(page, at);
    page += R"(</time> <a href="/m/stop?id=)";
    append_number(page, 10'202'000 + random.below(1'000));
    page += R"(&amp;lang=cs">)";
    page += station_names()[random.below(static_cast<std::uint32_t>(station_names().size()))];
    page += "</a></li>\n";
    at = (at + std::chrono::minutes{1 + random.below(30)}) % std::chrono::hours{24};
  }
  page += close;
}

void append_train_row(std::string& page, random_stream& random) {
  constexpr std::array<std::string_view, 5> openings{
      R"(<div class="select-line-train">)", R"(<div class="train-line">)",
      R"(<div class='row preselect-line'>)", R"(<div data-class="select-line">)",
      R"(<div class="select_line" title="class='select-line'>">)"};
  page += openings[random.below(openings.size())];
  append_time(page, std::chrono::minutes{random.below(1'440)});
  page += " 23:59 <i>IC</i> ";
  append_number(page, random.below(90));
  page += " 199 CZK</div>\n";
}

namespace {

using namespace row_layouts;

// The row that opens at `begin` if it is exactly this element around words so separated. What only looks like
// a row, in comments and scripts, is followed by something else than its closing tag and line end.
std::optional<row_place> place_of(std::string_view page, std::size_t begin, const element& row,
                                  const separators& between) {
  std::size_t at = begin + row.open.size();
  if (!page.substr(at).starts_with(between.front())) return std::nullopt;
  at += between.front().size();
  row_place place{};
  for (std::size_t i = 0; i < place.words.size(); ++i) {
    const std::string_view after = between[i + 1].empty() ? row.close : between[i + 1];
    const std::size_t end = page.find(after, at);
    const std::string_view word = page.substr(at, end - at);
    if (end == std::string_view::npos || word.empty() ||
        word.find_first_of("< \t\n") != std::string_view::npos) {
      return std::nullopt;
    }
    place.words[i] = {at, end};
    at = end + between[i + 1].size();
  }
  if (!page.substr(at).starts_with(row.close)) return std::nullopt;
  place.row = {begin, at + row.close.size()};
  return place;
}

std::optional<row_place> place_at(std::string_view page, std::size_t begin) {
  const std::string_view rest = page.substr(begin);
  if (rest.starts_with(table_row.open)) return place_of(page, begin, table_row, table_words);
  for (const element& row : compact_rows) {
    if (!rest.starts_with(row.open)) continue;
    if (const auto place = place_of(page, begin, row, verbose_words)) return place;
    for (const separators& between : compact_words) {
      if (const auto place = place_of(page, begin, row, between)) return place;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<row_place> find_bus_rows(std::string_view page) {
  std::vector<row_place> places;
  for (std::size_t at = 0; (at = page.find('<', at)) != std::string_view::npos;) {
    if (const auto place = place_at(page, at)) {
      places.push_back(*place);
      at = place->row.end;
    } else {
      ++at;
    }
  }
  return places;
}

void append_page_head(std::string& page, std::string_view title_html) {
  page += R"(<!DOCTYPE html>
<html lang="cs">
<head>
<meta charset="utf-8">
<title>)";
  page += title_html;
  page += R"(</title>
<style>.select-line > b { font: bold 1em sans-serif }</style>
<script>var row = "<div class='select-line'>00:00 23:59 Fake 1 1 CZK<\/div>";</script>
</head>
<body>
<div class="header"><a href="/m/">Jízdenky</a></div>
)";
}

void append_search_form(std::string& page, std::string_view from, std::string_view to,
                        std::string_view departure) {
  page += R"(<form method="post" action=")";
  page += search_target;
  page += R"("><div>
<input name="fromStation" value=")";
  page += from;
  page += R"(">
<input name="toStation" value=")";
  page += to;
  page += R"(">
<input name="departure" value=")";
  page += departure;
  page += R"(">
<button>Hledat</button>
</div></form>
)";
}

namespace {

// Only on pages with room for it.
constexpr std::string_view tracking_script = R"(<script>
(function (w, d) {
  // the row's template is kept here, so that scripts can add one: if (a < b && b > c) { ... }
  var html = '<div class="select-line"><b>' + "05:55" + '<\/b> <b>07:35<\/b> Fake 9 <b>99<\/b> CZK<\/div>';
  w.rows = w.rows || []; w.rows.push({ tag: "div", html: html, "class": 'select-line' });
  for (var i = 0; i < w.rows.length; ++i) { w.rows[i].seen = d.readyState !== "loading"; }
})(window, document);
</script>
)";
constexpr std::size_t roomy_page_bytes = 16 * 1024;

constexpr std::string_view commented_row =
    "<!-- <div class=\"select-line\">01:01 02:02 Fake 1 1 CZK</div> -->\n";
constexpr std::string_view results_end = "</div>\n";

// Fills the page up to `size_bytes` with a comment of words, the way build numbers and server names end
// real pages; with line ends where a comment does not fit.
void append_padding(std::string& page, std::size_t size_bytes) {
  constexpr std::string_view open = "<!-- ";
  constexpr std::string_view close = " -->\n";
  constexpr std::string_view filler = "build 4711, node cz-7, cache miss; ";
  if (page.size() + open.size() + close.size() <= size_bytes) {
    page += open;
    const std::size_t end = size_bytes - close.size();
    while (page.size() < end) page += filler.substr(0, end - page.size());
    page += close;
  }
  page.append(size_bytes - page.size(), '\n');
}

}  // namespace

std::string results_page(const query& asked, std::size_t page_kb) {
  const std::vector<fare> fares = timetable(asked, page_kb);
  // Another stream than the timetable's, so that markup can change without changing a fare.
  random_stream random{fnv1a_64("markup", timetable_seed(asked, page_kb))};
  const std::size_t page_bytes = page_kb * 1024;

  std::string page;
  page.reserve(page_bytes);
  std::string title{station_name(asked.from)};
  title += " – ";
  title += station_name(asked.to);
  append_page_head(page, title);
  if (page_bytes >= roomy_page_bytes) page += tracking_script;
  append_search_form(page, asked.from, asked.to, format_form_date(asked.date));
  page += "<div class=\"results\">\n";
  page += commented_row;
  append_train_row(page, random);

  // Each row may use an even share of what the page has left, so that the last one fits as well as the first.
  const std::size_t rows_end = page_bytes - results_end.size() - page_end.size();
  for (std::size_t i = 0; i < fares.size(); ++i) {
    const std::size_t left = rows_end - std::min(page.size(), rows_end);
    const std::size_t row_end = page.size() + left / (fares.size() - i);
    append_bus_row(page, fares[i], row_end - page.size(), random);
    if (page.size() + 400 < row_end && i % 3 == 2) append_train_row(page, random);
    if (page.size() < row_end) append_bus_details(page, fares[i], row_end - page.size(), random);
  }
  page += results_end;
  if (page.size() + page_end.size() > page_bytes) throw std::logic_error("results_page: the rows do not fit");
  append_padding(page, page_bytes - page_end.size());
  page += page_end;
  return page;
}

}  // namespace farebench
