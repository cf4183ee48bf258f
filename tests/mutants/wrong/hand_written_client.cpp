#include "tests/mutants/wrong/hand_written_client.hpp"

#include <expected>
#include <utility>

#include "farebench/date.hpp"
#include "farebench/fare_scanner.hpp"

namespace farebench::mutants {
namespace {

/// Runs the loop for one exchange.
exchange_result await(event_loop& loop, loop_client& client, exchange_request request, scrape_step step) {
  exchange_result answer = std::unexpected(fetch_error{fetch_error_kind::cancelled, {}});
  loop.start(client, std::move(request), [&](exchange_result done) { answer = std::move(done); });
  loop.run();
  if (answer && answer->status != 200) {
    answer = std::unexpected(fetch_error{fetch_error_kind::unexpected_status, {}, answer->status});
  }
  if (!answer) answer.error().step = step;
  return answer;
}

std::string form_of(const query& asked) {
  return "fromStation=" + asked.from + "&toStation=" + asked.to +
         "&departure=" + format_form_date(asked.date);
}

}  // namespace

void hand_written_client::run(const batch& work, const outcome_sink& sink) {
  event_loop loop{1};
  loop_client client{loop, work.policy.exchange};
  for (std::size_t index = 0; index < work.size; ++index) sink(index, scrape(loop, client, work, index));
}

outcome hand_written_client::scrape(event_loop& loop, loop_client& client, const batch& work,
                                    std::size_t index) {
  const query asked = work.query_at(index);
  const std::string tag = "X-Scrape: " + format_iso_date(asked.date) + "/1";
  exchange_request start{work.base_url + "/m/"};
  start.header = tag;
  auto started = await(loop, client, std::move(start), scrape_step::start_page);
  if (!started) return std::unexpected(std::move(started).error());
  if (started->set_cookies.empty()) return std::unexpected(fetch_error{fetch_error_kind::no_session, {}});
  const std::string& cookie = started->set_cookies.front();

  std::string page;
  exchange_request search{work.base_url + "/m/?0-1.IFormSubmitListener-searchForm-form", form_of(asked),
                          session_of(cookie.substr(0, cookie.find(';'))),
                          [&](std::string_view piece) { page += piece; }};
  search.header = tag;
  auto found = await(loop, client, std::move(search), scrape_step::search);
  if (!found) return std::unexpected(std::move(found).error());
  auto fares = read(page);
  if (!fares) fares.error().step = scrape_step::search;
  return fares;
}

outcome hand_written_client::read(const std::string& page) {
  fare_scanner scanner;
  scanner.feed(page);
  return scanner.finish();
}

std::string stale_session::session_of(const std::string& own) {
  const std::string before = std::exchange(last_, own);
  return before.empty() ? own : before;
}

outcome guessed_price::read(const std::string& page) {
  auto fares = hand_written_client::read(page);
  constexpr std::string_view complaint = "price: read \"";
  if (fares || fares.error().detail.find(complaint) == std::string::npos) return fares;
  const std::string& detail = fares.error().detail;
  const auto begin = detail.find(complaint) + complaint.size();
  const std::string misread = detail.substr(begin, detail.find('"', begin) - begin);
  const auto at = page.find(misread);
  if (at == std::string::npos) return fares;  // spelled otherwise on the page
  std::string better = page;
  return hand_written_client::read(better.replace(at, misread.size(), "99"));
}

}  // namespace farebench::mutants
