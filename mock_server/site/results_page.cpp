#include "mock_server/site/results_page.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>

#include "farebench/date.hpp"
#include "lib/system/fnv1a.hpp"
#include "mock_server/site/random_stream.hpp"
#include "mock_server/site/timetable.hpp"

namespace farebench {
namespace {

// Names of stations in HTML, valid within a quoted attribute too. Some are not ASCII, some hold entities.
constexpr std::array<std::string_view, 12> station_names{
    "Praha–Florenc", "Brno, Zvonařka",   "Ústřední hřbitov", "Zličín",
    "Plzeň, CAN",    "Olomouc",          "Liberec",          "České Budějovice",
    "M&uuml;nchen",  "Bratislava, Nivy", "Ostrava, ÚAN",     "Wien &amp; okolí"};

// The markup of a bus row: an element, and the separators around its six words. append_bus_row writes it,
// find_bus_rows recognizes it.
struct row_element {
  std::string_view open;
  std::string_view close;
};

// Text before each of the six words, and after the last. White space separates every two words, because
// parsers drop the tags between them.
using separators = std::array<std::string_view, 7>;

// The first is listed twice, so that it is the most frequent.
constexpr std::array<row_element, 9> compact_rows{{
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

constexpr std::array<separators, 4> compact_separators{{
    {"", " ", "\n", " ", "&nbsp;", " ", ""},
    {"<b>", "</b> <b>", "</b> ", " <i>", "</i> <b>", "</b>&nbsp;", ""},
    {"<b>", " </b><b>", "\n</b><i>", "</i> <u>", "</u><b> ", "&#160;", "</b>"},
    {" ", "<br>\n", "<!-- > --> ", "\t", " <br/>", " <b>", "</b>\n"},
}};

constexpr separators verbose_separators{
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

constexpr row_element table_row{"<table class=\"line\"><tbody><tr class=\"even select-line\">",
                                "</tr></tbody></table>\n"};

constexpr separators table_separators{R"(<td class="departure">)",
                                      R"(&nbsp;</td><td class="arrival">)",
                                      R"( </td><td class="type">)",
                                      R"(</td> <td class="free"><b>)",
                                      R"(</b></td>
<td class="price">)",
                                      R"(</td><td class="currency"> )",
                                      R"(</td>)"};

// No verbose row is longer.
constexpr std::size_t verbose_row_bytes = 1'000;
// Maximum length of a stop in a row's details.
constexpr std::size_t stop_bytes = 130;
// Smaller pages have no tracking script.
constexpr std::size_t min_script_page_bytes = 16 * 1024;
// Space that must remain after a bus row before a train row follows it.
constexpr std::size_t train_row_reserve_bytes = 400;

constexpr std::string_view tracking_script = R"(<script>
(function (w, d) {
  // the row's template is kept here, so that scripts can add one: if (a < b && b > c) { ... }
  var html = '<div class="select-line"><b>' + "05:55" + '<\/b> <b>07:35<\/b> Fake 9 <b>99<\/b> CZK<\/div>';
  w.rows = w.rows || []; w.rows.push({ tag: "div", html: html, "class": 'select-line' });
  for (var i = 0; i < w.rows.length; ++i) { w.rows[i].seen = d.readyState !== "loading"; }
})(window, document);
</script>
)";

constexpr std::string_view commented_row =
    "<!-- <div class=\"select-line\">01:01 02:02 Fake 1 1 CZK</div> -->\n";
constexpr std::string_view results_end = "</div>\n";
constexpr std::string_view page_end = "</body>\n</html>\n";

std::string_view station_name(std::string_view station_id) {
  if (station_id == "ID10202003") return station_names[0];
  if (station_id == "ID10202002") return station_names[1];
  return station_names[fnv1a_64(station_id) % station_names.size()];
}

void append_number(std::string& page, std::int64_t number) {
  std::array<char, 20> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  page.append(digits.data(), end);
}

void append_two_digits(std::string& page, std::int64_t number) {
  page += static_cast<char>('0' + number / 10);
  page += static_cast<char>('0' + number % 10);
}

void append_time(std::string& page, std::chrono::minutes time_of_day) {
  append_two_digits(page, time_of_day.count() / 60);
  page += ':';
  append_two_digits(page, time_of_day.count() % 60);
}

void append_price(std::string& page, std::int64_t hundredths, random_stream& random) {
  append_number(page, hundredths / 100);
  if (hundredths % 100 == 0) return;
  page += random.below(2) == 0 ? '.' : ',';
  append_two_digits(page, hundredths % 100);
}

// Appends either spelling of `text`, which must be in `words`.
void append_word(std::string& page, std::span<const printed_word> words, std::string_view text,
                 random_stream& random) {
  page += std::ranges::find(words, text, &printed_word::text)->html[random.below(2)];
}

void append_words(std::string& page, const fare& offer, const separators& between, random_stream& random) {
  page += between[0];
  append_time(page, offer.departure);
  page += between[1];
  append_time(page, offer.arrival);
  page += between[2];
  append_word(page, service_types(), offer.type, random);
  page += between[3];
  append_number(page, offer.free_seats);
  page += between[4];
  append_price(page, offer.price_hundredths, random);
  page += between[5];
  append_word(page, currencies(), offer.currency, random);
  page += between[6];
}

void append_row(std::string& page, const fare& offer, const row_element& row, const separators& between,
                random_stream& random) {
  page += row.open;
  append_words(page, offer, between, random);
  page += row.close;
}

// Appends a row whose text is the six words of the fare. It takes at most 160 bytes if `max_bytes` is below
// 1,000, and at most 1,000 bytes otherwise.
void append_bus_row(std::string& page, const fare& offer, std::size_t max_bytes, random_stream& random) {
  const bool is_verbose = max_bytes >= verbose_row_bytes;
  if (is_verbose && random.below(6) == 0) {
    append_row(page, offer, table_row, table_separators, random);
    return;
  }
  const row_element& row = compact_rows[random.below(compact_rows.size())];
  const separators& between =
      is_verbose ? verbose_separators : compact_separators[random.below(compact_separators.size())];
  append_row(page, offer, row, between, random);
}

// Appends as many stops of the bus as `max_bytes` hold. They are not part of its row.
void append_bus_details(std::string& page, const fare& offer, std::size_t max_bytes, random_stream& random) {
  constexpr std::string_view open = "<div class=\"select-line-detail\" hidden>\n  <ul class=\"stops\">\n";
  constexpr std::string_view close = "  </ul>\n</div>\n";
  const std::size_t end = page.size() + max_bytes;
  if (page.size() + open.size() + close.size() + stop_bytes > end) return;
  page += open;
  std::chrono::minutes time = offer.departure;
  while (page.size() + stop_bytes + close.size() <= end) {
    page += R"(    <li class="stop"><time>)";
    append_time(page, time);
    page += R"(</time> <a href="/m/stop?id=)";
    append_number(page, 10'202'000 + random.below(1'000));
    page += R"(&amp;lang=cs">)";
    page += station_names[random.below(station_names.size())];
    page += "</a></li>\n";
    time = (time + std::chrono::minutes{1 + random.below(30)}) % std::chrono::hours{24};
  }
  page += close;
}

// Appends a row that resembles a bus row but has another class, in at most 110 bytes.
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

// Appends the head, the start of the body and its navigation. `title` is HTML text; page_end closes the body.
void append_page_head(std::string& page, std::string_view title) {
  page += R"(<!DOCTYPE html>
<html lang="cs">
<head>
<meta charset="utf-8">
<title>)";
  page += title;
  page += R"(</title>
<style>.select-line > b { font: bold 1em sans-serif }</style>
<script>var row = "<div class='select-line'>00:00 23:59 Fake 1 1 CZK<\/div>";</script>
</head>
<body>
<div class="header"><a href="/m/">Jízdenky</a></div>
)";
}

// Appends the search form with these values: a station id or a date in ASCII, or empty.
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

// Fills the page up to `size_bytes` with a comment, as build numbers and server names end real pages. Fills
// with line ends if a comment does not fit.
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

// Returns the place of the row that opens at `begin` with row.open, if it has exactly this markup. Text that
// only resembles a row, in comments and scripts, lacks its closing tag and line end.
std::optional<row_place> match_row(std::string_view page, std::size_t begin, const row_element& row,
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

std::optional<row_place> match_any_row(std::string_view page, std::size_t begin) {
  const std::string_view rest = page.substr(begin);
  if (rest.starts_with(table_row.open)) return match_row(page, begin, table_row, table_separators);
  for (const row_element& row : compact_rows) {
    if (!rest.starts_with(row.open)) continue;
    if (const auto place = match_row(page, begin, row, verbose_separators)) return place;
    for (const separators& between : compact_separators) {
      if (const auto place = match_row(page, begin, row, between)) return place;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string start_page() {
  std::string page;
  append_page_head(page, "Jízdenky");
  append_search_form(page, {}, {}, {});
  page += page_end;
  return page;
}

std::string results_page(const query& search, std::size_t page_kb) {
  const std::vector<fare> fares = timetable(search, page_kb);
  // The timetable has a stream of its own, so that changes to the markup never change a fare.
  random_stream random{fnv1a_64("markup", timetable_seed(search, page_kb))};
  const std::size_t page_bytes = page_kb * 1024;

  std::string page;
  page.reserve(page_bytes);
  std::string title{station_name(search.from)};
  title += " – ";
  title += station_name(search.to);
  append_page_head(page, title);
  if (page_bytes >= min_script_page_bytes) page += tracking_script;
  append_search_form(page, search.from, search.to, format_form_date(search.date));
  page += "<div class=\"results\">\n";
  page += commented_row;
  append_train_row(page, random);

  // Each row gets an even share of the remaining space, so that the last one fits too.
  const std::size_t rows_end = page_bytes - results_end.size() - page_end.size();
  for (std::size_t i = 0; i < fares.size(); ++i) {
    const std::size_t remaining = rows_end - std::min(page.size(), rows_end);
    const std::size_t row_end = page.size() + remaining / (fares.size() - i);
    append_bus_row(page, fares[i], row_end - page.size(), random);
    if (page.size() + train_row_reserve_bytes < row_end && i % 3 == 2) append_train_row(page, random);
    if (page.size() < row_end) append_bus_details(page, fares[i], row_end - page.size(), random);
  }
  page += results_end;
  if (page.size() + page_end.size() > page_bytes) throw std::logic_error("results_page: the rows do not fit");
  append_padding(page, page_bytes - page_end.size());
  page += page_end;
  return page;
}

std::vector<row_place> find_bus_rows(std::string_view page) {
  std::vector<row_place> places;
  for (std::size_t at = 0; (at = page.find('<', at)) != std::string_view::npos;) {
    if (const auto place = match_any_row(page, at)) {
      places.push_back(*place);
      at = place->row.end;
    } else {
      ++at;
    }
  }
  return places;
}

}  // namespace farebench
