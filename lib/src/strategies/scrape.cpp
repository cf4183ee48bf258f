#include "strategies/scrape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "farebench/date.hpp"
#include "farebench/site_protocol.hpp"
#include "http/request_method.hpp"
#include "http/text.hpp"

namespace farebench {
namespace {

std::string_view name_of_page(scrape_step step) {
  switch (step) {
    case scrape_step::start_page:
      return "the start page";
    case scrape_step::search:
      return "the search";
    case scrape_step::none:
      break;
  }
  return "the page";
}

/// Returns the error of an exchange that did not bring a page, if any. Moves it out of `response`.
std::optional<fetch_error> error_of(exchange_result& response, scrape_step step) {
  std::optional<fetch_error> error;
  if (!response) {
    error = std::move(response).error();
  } else if (response->status != 200) {
    error.emplace(fetch_error_kind::unexpected_status,
                  fmt::format("{} returned status {}", name_of_page(step), response->status),
                  response->status, response->retry_after);
  }
  if (error) error->step = step;
  return error;
}

/// Returns the time limit of an attempt's first request.
std::chrono::milliseconds time_left_at_start(const batch_run& run, const scrape_attempt& attempt) {
  // A first attempt has just started, so that all time is left: saves a clock reading.
  return attempt.number == 1 ? run.policy().scrape_deadline : run.time_left(attempt);
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
  exchange_request request{concatenated(run.items().source_batch()->base_url, start_page_path)};
  request.opens_connection = run.opens_connections();
  request.timeout = time_left_at_start(run, attempt);
  if (run.policy().tag_requests) request.headers = {tag_header(form, attempt)};
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
  if (run.policy().tag_requests) headers.push_back(tag_header(form, attempt));
  exchange_request request{run.search_url(), std::move(form), std::move(session),
                           [&scanner](std::string_view chunk) { scanner.feed(chunk); }};
  request.headers = std::move(headers);
  request.closes_connection = run.opens_connections();
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

namespace {

/// Returns the request of a page, or the error of its path.
std::expected<exchange_request, fetch_error> page_request(batch_run& run, const scrape_attempt& attempt) {
  const batch& work = *run.items().source_batch();
  const std::string path = run.call_user(work.pages.path_at, attempt.index);
  if (!path.starts_with('/')) {
    return std::unexpected(
        fetch_error{fetch_error_kind::invalid_url, fmt::format("the path '{}' does not begin with /", path)});
  }
  exchange_request request{concatenated(work.base_url, path)};
  if (work.pages.on_body) {
    request.on_body = [&run, index = attempt.index](std::string_view chunk) {
      run.call_user(run.items().source_batch()->pages.on_body, index, chunk);
    };
  }
  return request;
}

/// Returns the user's request, with exceptions of its on_body ending the run.
exchange_request user_request(batch_run& run, scrape_attempt& attempt) {
  exchange_request request = run.call_user(run.items().exchanges()->request_at, attempt.index);
  if (request.on_body) {
    request.on_body = [&run, on_body = std::move(request.on_body)](std::string_view chunk) {
      run.call_user(on_body, chunk);
    };
  }
  attempt.may_retry = is_idempotent(request) || run.policy().retries_any_method;
  return request;
}

/// Returns the lower limit. Zero is none.
std::chrono::milliseconds lower_limit(std::chrono::milliseconds limit, std::chrono::milliseconds other) {
  return limit == std::chrono::milliseconds::zero() ? other : std::min(limit, other);
}

}  // namespace

std::optional<exchange_request> begin_fetch(batch_run& run, scrape_attempt& attempt) {
  if (auto error = run.begin_attempt(attempt)) {
    run.fail_attempt(attempt, *std::move(error));
    return std::nullopt;
  }
  std::optional<exchange_request> request;
  if (run.items().exchanges()) {
    request.emplace(user_request(run, attempt));
  } else if (auto of_page = page_request(run, attempt)) {
    request.emplace(*std::move(of_page));
  } else {
    run.fail_attempt(attempt, std::move(of_page).error());
    return std::nullopt;
  }
  if (run.policy().tag_requests) {
    request->headers.push_back(fmt::format("X-Item: {}/{}", attempt.index, attempt.number));
  }
  request->opens_connection |= run.opens_connections();
  request->closes_connection |= run.opens_connections();
  request->timeout = lower_limit(request->timeout, time_left_at_start(run, attempt));
  return request;
}

void finish_fetch(batch_run& run, scrape_attempt& attempt, exchange_result&& response) {
  if (run.items().exchanges()) {
    run.finish_attempt(attempt, std::move(response));
  } else if (auto error = error_of(response, scrape_step::none)) {
    run.fail_attempt(attempt, *std::move(error));
  } else {
    run.finish_attempt(attempt, outcome{});
  }
}

namespace {

outcome scrape(batch_run& run, scrape_attempt& attempt, blocking_client& client, fare_scanner& scanner) {
  auto form = run.begin_scrape(attempt);
  if (!form) return std::unexpected(std::move(form).error());
  auto session = read_session(run.search_url(), client.exchange(start_page_request(run, attempt, *form)));
  if (!session) return std::unexpected(std::move(session).error());
  return read_fares(
      client.exchange(search_request(run, attempt, *std::move(form), *std::move(session), scanner)), scanner);
}

void fetch(batch_run& run, scrape_attempt& attempt, blocking_client& client) {
  if (auto request = begin_fetch(run, attempt)) {
    finish_fetch(run, attempt, client.exchange(*std::move(request)));
  }
}

}  // namespace

void make_attempt(batch_run& run, scrape_attempt& attempt, blocking_client& client, fare_scanner& scanner) {
  make_step(run, attempt, [&] {
    if (run.scrapes()) {
      run.finish_attempt(attempt, scrape(run, attempt, client, scanner));
    } else {
      fetch(run, attempt, client);
    }
  });
}

}  // namespace farebench
