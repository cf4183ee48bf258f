#include "strategies/scrape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "farebench/date.hpp"
#include "farebench/site_protocol.hpp"

namespace farebench {
namespace {

/// Returns the error of an exchange that did not bring a page, if any. Moves it out of `response`.
std::optional<fetch_error> error_of(exchange_result& response, scrape_step step) {
  std::optional<fetch_error> error;
  if (!response) {
    error = std::move(response).error();
  } else if (response->status != 200) {
    const auto* const page = step == scrape_step::start_page ? "the start page" : "the search";
    error.emplace(fetch_error_kind::unexpected_status,
                  fmt::format("{} returned status {}", page, response->status), response->status,
                  response->retry_after);
  }
  if (error) error->step = step;
  return error;
}

std::string start_page_url(std::string_view base_url) {
  std::string url;
  url.reserve(base_url.size() + start_page_path.size());
  return url.append(base_url).append(start_page_path);
}

/// Returns "X-Scrape: 2026-03-01/2". Reads the date from the end of the form, so that no worker stores it.
std::string tag_header(std::string_view form, const scrape_attempt& attempt) {
  constexpr std::size_t date_bytes = std::string_view{"dd.mm.yy"}.size();
  const auto date = parse_form_date(form.substr(form.size() - std::min(form.size(), date_bytes)));
  return fmt::format("X-Scrape: {}/{}", date ? format_iso_date(*date) : "unknown", attempt.number);
}

}  // namespace

exchange_request start_page_request(const batch_run& run, const scrape_attempt& attempt,
                                    const std::string& form) {
  exchange_request request{start_page_url(run.work().base_url)};
  // A first attempt has just started, so that all time is left: saves a clock reading.
  request.timeout = attempt.number == 1 ? run.work().policy.scrape_deadline : run.time_left(attempt);
  if (run.work().policy.tag_requests) request.headers = {tag_header(form, attempt)};
  return request;
}

std::expected<cookie_jar, fetch_error> read_session(const std::string& search_url,
                                                    exchange_result&& response) {
  if (auto error = error_of(response, scrape_step::start_page)) return std::unexpected(*std::move(error));
  if (!response->cookies.find(session_cookie_name, search_url).empty()) return std::move(response->cookies);
  fetch_error error{fetch_error_kind::no_session,
                    fmt::format("the start page set no {} cookie for this site", session_cookie_name)};
  error.step = scrape_step::start_page;
  return std::unexpected(std::move(error));
}

exchange_request search_request(const batch_run& run, const scrape_attempt& attempt, std::string form,
                                cookie_jar session, fare_scanner& scanner) {
  std::vector<std::string> headers;
  if (run.work().policy.tag_requests) headers.push_back(tag_header(form, attempt));
  exchange_request request{run.search_url(), std::move(form), std::move(session),
                           [&scanner](std::string_view chunk) { scanner.feed(chunk); }};
  request.headers = std::move(headers);
  request.timeout = run.time_left(attempt);
  return request;
}

outcome read_fares(exchange_result&& response, fare_scanner& scanner) {
  // First, because it also discards the rest of a page that failed.
  auto fares = scanner.finish();
  if (auto error = error_of(response, scrape_step::search)) return std::unexpected(*std::move(error));
  if (!fares) fares.error().step = scrape_step::search;
  return fares;
}

outcome scrape(batch_run& run, scrape_attempt& attempt, blocking_client& client, fare_scanner& scanner) {
  auto form = run.begin_attempt(attempt);
  if (!form) return std::unexpected(std::move(form).error());
  auto session = read_session(run.search_url(), client.exchange(start_page_request(run, attempt, *form)));
  if (!session) return std::unexpected(std::move(session).error());
  return read_fares(
      client.exchange(search_request(run, attempt, *std::move(form), *std::move(session), scanner)), scanner);
}

}  // namespace farebench
