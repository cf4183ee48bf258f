#include "strategies/scrape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "farebench/date.hpp"

namespace farebench {
namespace {

/// Why an exchange brought nothing to read, if it did not; an error is taken out of the answer.
std::optional<fetch_error> fault_of(exchange_result& answer, scrape_step step) {
  std::optional<fetch_error> fault;
  if (!answer) {
    fault = std::move(answer).error();
  } else if (answer->status != 200) {
    const auto* const page = step == scrape_step::start_page ? "the start page" : "the search";
    fault.emplace(fetch_error_kind::unexpected_status,
                  fmt::format("{} answered with status {}", page, answer->status), answer->status,
                  answer->retry_after);
  }
  if (fault) fault->step = step;
  return fault;
}

std::string address(const std::string& base_url, std::string_view path) {
  std::string whole;
  whole.reserve(base_url.size() + path.size());
  return whole.append(base_url).append(path);
}

/// "X-Scrape: 2026-03-01/2". The date is the form's, which ends with it: no worker holds it twice.
std::string tag(std::string_view form, const scrape_attempt& attempt) {
  constexpr std::size_t date_bytes = std::string_view{"dd.mm.yy"}.size();
  const auto date = parse_form_date(form.substr(form.size() - std::min(form.size(), date_bytes)));
  return fmt::format("X-Scrape: {}/{}", date ? format_iso_date(*date) : "unknown", attempt.number);
}

}  // namespace

exchange_request start_page_request(const batch_run& run, const scrape_attempt& attempt,
                                    const std::string& form) {
  exchange_request request{address(run.work().base_url, start_page_path)};
  // A first attempt has just begun: no clock need tell what is left.
  request.timeout = attempt.number == 1 ? run.work().policy.scrape_deadline : run.time_left(attempt);
  if (run.work().policy.tag_requests) request.header = tag(form, attempt);
  return request;
}

std::expected<std::string, fetch_error> read_start_page_answer(const std::string& base_url,
                                                               exchange_result&& answer) {
  if (auto fault = fault_of(answer, scrape_step::start_page)) {
    return std::unexpected(*std::move(fault));
  }
  // The last one is the one that counts: a redirect on the way may have set another.
  for (auto set_cookie = answer->set_cookies.rbegin(); set_cookie != answer->set_cookies.rend();
       ++set_cookie) {
    if (const auto session = session_from_set_cookie(*set_cookie, base_url)) return std::string{*session};
  }
  fetch_error none{fetch_error_kind::no_session,
                   fmt::format("the start page set no {} cookie for this site", session_cookie_name)};
  none.step = scrape_step::start_page;
  return std::unexpected(std::move(none));
}

exchange_request search_request(const batch_run& run, const scrape_attempt& attempt, std::string form,
                                std::string session, fare_scanner& scanner) {
  std::string header = run.work().policy.tag_requests ? tag(form, attempt) : std::string{};
  exchange_request request{address(run.work().base_url, search_path), std::move(form), std::move(session),
                           [&scanner](std::string_view piece) { scanner.feed(piece); }};
  request.header = std::move(header);
  request.timeout = run.time_left(attempt);
  return request;
}

outcome read_search_answer(exchange_result&& answer, fare_scanner& scanner) {
  auto fares = scanner.finish();  // first, so that the remains of a failed page are gone
  if (auto fault = fault_of(answer, scrape_step::search)) return std::unexpected(*std::move(fault));
  if (!fares) fares.error().step = scrape_step::search;
  return fares;
}

outcome scrape(batch_run& run, scrape_attempt& attempt, blocking_client& client, fare_scanner& scanner) {
  try {
    auto form = run.begin(attempt);
    if (!form) return std::unexpected(std::move(form).error());
    auto session =
        read_start_page_answer(run.work().base_url, client.exchange(start_page_request(run, attempt, *form)));
    if (!session) return std::unexpected(std::move(session).error());
    return read_search_answer(
        client.exchange(search_request(run, attempt, *std::move(form), *std::move(session), scanner)),
        scanner);
  } catch (...) {
    return outcome_of_exception();
  }
}

}  // namespace farebench
