#include "mock_server/faults/fault_responses.hpp"

#include <array>
#include <ctime>
#include <vector>

#include "mock_server/site/results_page.hpp"

namespace farebench {
namespace {

using std::chrono::system_clock;

constexpr std::chrono::seconds retry_after_date{2};
constexpr std::string_view apology = R"(<!DOCTYPE html>
<html lang="cs">
<head><meta charset="utf-8"><title>Omlouváme se</title></head>
<body>
<div class="error"><h1>Omlouváme se</h1><p>Na stránkách právě pracujeme, zkuste to prosím později.</p></div>
</body>
</html>
)";

// IMF-fixdate (RFC 9110, section 5.6.7). Of whole seconds, rounded up: never before `moment`. In the C
// locale, which this program does not leave.
std::string http_date(system_clock::time_point moment) {
  const std::time_t seconds = system_clock::to_time_t(std::chrono::ceil<std::chrono::seconds>(moment));
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text;
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

void say(site_response& answer, int status) {
  answer.status = status;
  answer.content_type = "text/html; charset=utf-8";
  answer.set_cookie.clear();
  answer.body = apology;
}

void say_later(site_response& answer, int status, std::string retry_after) {
  say(answer, status);
  answer.retry_after = std::move(retry_after);
}

void redirect(site_response& answer, std::string_view location) {
  say(answer, 302);
  answer.location = location;
}

}  // namespace

void alter_head(fault_kind kind, site_response& answer, random_stream& random, system_clock::time_point now) {
  constexpr std::array flapping{500, 502, 503, 504};
  switch (kind) {
    case fault_kind::status_404:
      return say(answer, 404);
    case fault_kind::status_408:
      return say(answer, 408);
    case fault_kind::status_500:
      return say(answer, 500);
    case fault_kind::status_502:
      return say(answer, 502);
    case fault_kind::status_503:
      return say(answer, 503);
    case fault_kind::status_504:
      return say(answer, 504);
    case fault_kind::flapping_5xx:
      return say(answer, flapping[random.below(flapping.size())]);
    case fault_kind::retry_after_seconds:
      return say_later(answer, 429, "1");
    case fault_kind::retry_after_date:
      return say_later(answer, 429, http_date(now + retry_after_date));
    case fault_kind::retry_after_date_503:
      return say_later(answer, 503, http_date(now + retry_after_date));
    case fault_kind::retry_after_absurd:
      return say_later(answer, 429, "99999999999999999999");
    case fault_kind::retry_after_garbage:
      return say_later(answer, 429, "soon");
    case fault_kind::redirect_loop:
      return redirect(answer, redirect_target);
    case fault_kind::redirect_to_file:
      return redirect(answer, "file:///etc/passwd");
    case fault_kind::redirect_to_nowhere:
      return redirect(answer, "");
    case fault_kind::no_cookie:
      answer.set_cookie.clear();
      return;
    case fault_kind::foreign_cookie:
      answer.set_cookie += "; Domain=example.org";
      return;
    case fault_kind::error_page:
      return say(answer, 200);
    default:
      return;
  }
}

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

void alter_page(fault_kind kind, std::string& page, random_stream& random) {
  const auto rows = kind >= fault_kind::malformed_html ? find_bus_rows(page) : std::vector<row_place>{};
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

void alter_response(fault_kind kind, site_response& answer, random_stream& random,
                    std::chrono::system_clock::time_point now) {
  alter_head(kind, answer, random, now);
  alter_page(kind, answer.body, random);
}

}  // namespace farebench
