#include "mock_server/faults/fault_effects.hpp"

#include <array>
#include <cstddef>
#include <ctime>
#include <utility>
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

// Formats an IMF-fixdate (RFC 9110, section 5.6.7), rounded up to whole seconds. Requires the C locale, which
// the mock server never changes.
std::string http_date(system_clock::time_point time) {
  const std::time_t seconds = system_clock::to_time_t(std::chrono::ceil<std::chrono::seconds>(time));
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text;
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

void set_error(site_response& response, int status) {
  response.status = status;
  response.content_type = "text/html; charset=utf-8";
  response.set_cookie.clear();
  response.body = apology;
}

void set_retry_after(site_response& response, int status, std::string retry_after) {
  set_error(response, status);
  response.retry_after = std::move(retry_after);
}

void redirect(site_response& response, std::string_view location) {
  set_error(response, 302);
  response.location = location;
}

// Malformed HTML to insert before a row. Parsers recover from each, and find the same rows.
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

// Malformed HTML to insert within a row, before a word.
constexpr std::array<std::string_view, 5> inner_junk{"<i>", "<b class=>", "<!---->", "</u><b><i></b>",
                                                     "<em title='>' x=\"<\">"};

constexpr std::array<std::string_view, 8> invalid_utf8{
    "\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x9a", "\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"};

constexpr std::array<std::string_view, 10> invalid_prices{
    "zdarma", "12x", "1e3", "0x10", "-5", "12.345", "1,234", "1.2.3", "NaN", "&#x661;&#x662;"};

template <std::size_t count>
std::string_view draw(const std::array<std::string_view, count>& texts, random_stream& random) {
  return texts[random.below(count)];
}

// Goes from the last row to the first, so that the places of earlier rows stay valid.
void insert_junk(std::string& page, const std::vector<row_place>& rows, random_stream& random) {
  for (std::size_t i = rows.size(); i-- > 0;) {
    if (random.below(2) == 0) page.insert(rows[i].words[random.below(6)].begin, draw(inner_junk, random));
    page.insert(rows[i].row.begin, draw(junk, random));
  }
}

// Breaks the ends of all later comments too, so that the new one never ends.
void open_comment(std::string& page, std::size_t begin) {
  page.insert(begin, "<!-- ");
  for (std::size_t at = begin; (at = page.find("-->", at)) != std::string::npos;) page[at + 2] = ' ';
}

// Changes status and header fields, and replaces the body of an error.
void alter_head(fault_kind kind, site_response& response, random_stream& random,
                system_clock::time_point now) {
  constexpr std::array statuses{500, 502, 503, 504};
  switch (kind) {
    case fault_kind::status_404:
      return set_error(response, 404);
    case fault_kind::status_408:
      return set_error(response, 408);
    case fault_kind::status_500:
      return set_error(response, 500);
    case fault_kind::status_502:
      return set_error(response, 502);
    case fault_kind::status_503:
      return set_error(response, 503);
    case fault_kind::status_504:
      return set_error(response, 504);
    case fault_kind::flapping_5xx:
      return set_error(response, statuses[random.below(statuses.size())]);
    case fault_kind::retry_after_seconds:
      return set_retry_after(response, 429, "1");
    case fault_kind::retry_after_date:
      return set_retry_after(response, 429, http_date(now + retry_after_date));
    case fault_kind::retry_after_date_503:
      return set_retry_after(response, 503, http_date(now + retry_after_date));
    case fault_kind::retry_after_absurd:
      return set_retry_after(response, 429, "99999999999999999999");
    case fault_kind::retry_after_garbage:
      return set_retry_after(response, 429, "soon");
    case fault_kind::redirect_loop:
      return redirect(response, redirect_target);
    case fault_kind::redirect_to_file:
      return redirect(response, "file:///etc/passwd");
    case fault_kind::redirect_to_nowhere:
      return redirect(response, "");
    case fault_kind::no_cookie:
      response.set_cookie.clear();
      return;
    case fault_kind::foreign_cookie:
      response.set_cookie += "; Domain=example.org";
      return;
    case fault_kind::error_page:
      return set_error(response, 200);
    default:
      return;
  }
}

}  // namespace

void alter_response(fault_kind kind, site_response& response, random_stream& random,
                    system_clock::time_point now) {
  alter_head(kind, response, random, now);
  alter_page(kind, response.body, random);
}

void alter_page(fault_kind kind, std::string& page, random_stream& random) {
  const auto rows = kind >= fault_kind::malformed_html ? find_bus_rows(page) : std::vector<row_place>{};
  if (rows.empty()) return;
  const row_place& row = rows[random.below(static_cast<std::uint32_t>(rows.size()))];
  const row_place::span word = row.words[random.below(6)];
  const row_place::span price = row.words[4];
  switch (kind) {
    case fault_kind::malformed_html:
      return insert_junk(page, rows, random);
    case fault_kind::mis_encoded_html:
      page.insert(random.below(2) == 0 ? word.begin : word.end, draw(invalid_utf8, random));
      return;
    case fault_kind::missing_field:
      page.erase(word.begin, word.end - word.begin);
      return;
    case fault_kind::extra_field:
      page.insert(word.end, " 7");
      return;
    case fault_kind::price_not_a_number:
      page.replace(price.begin, price.end - price.begin, draw(invalid_prices, random));
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
