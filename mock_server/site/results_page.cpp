#include "mock_server/site/results_page.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "farebench/date.hpp"
#include "mock_server/site/page_parts.hpp"
#include "mock_server/site/page_size.hpp"
#include "mock_server/site/random_stream.hpp"
#include "mock_server/site/row_markup.hpp"
#include "mock_server/site/timetable.hpp"
#include "mock_server/site/vocabulary.hpp"

namespace farebench {
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
