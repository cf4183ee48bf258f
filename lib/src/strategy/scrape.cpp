#include "strategy/scrape.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace farebench {
namespace {

std::optional<fetch_error> status_fault(const exchange_result& answer, std::string_view page) {
  if (!answer) return answer.error();
  if (answer->status == 200) return std::nullopt;
  return fetch_error{fetch_error_kind::unexpected_status,
                     fmt::format("{} answered with status {}", page, answer->status)};
}

std::string address(const std::string& base_url, std::string_view path) {
  std::string whole;
  whole.reserve(base_url.size() + path.size());
  return whole.append(base_url).append(path);
}

}  // namespace

exchange_request start_page_request(const std::string& base_url) {
  return exchange_request{address(base_url, start_page_path)};
}

std::expected<std::string, fetch_error> read_start_page_answer(const exchange_result& answer) {
  if (auto fault = status_fault(answer, "the start page")) return std::unexpected(*std::move(fault));
  for (const auto& set_cookie : answer->set_cookies) {
    if (const auto session = session_of(set_cookie)) return std::string{*session};
  }
  return std::unexpected(fetch_error{fetch_error_kind::no_session,
                                     fmt::format("the start page set no {} cookie", session_cookie)});
}

exchange_request search_request(const std::string& base_url, std::string form, std::string session,
                                fare_scanner& scanner) {
  return exchange_request{address(base_url, search_path), std::move(form), std::move(session),
                          [&scanner](std::string_view piece) { scanner.feed(piece); }};
}

outcome read_search_answer(const exchange_result& answer, fare_scanner& scanner) {
  auto fares = scanner.finish();  // first, so that the remains of a failed page are gone
  if (auto fault = status_fault(answer, "the search")) return std::unexpected(*std::move(fault));
  return fares;
}

outcome scrape(const std::string& base_url, const query& asked, blocking_client& client,
               fare_scanner& scanner) {
  auto form = search_form_body(asked);
  if (!form) return std::unexpected(std::move(form).error());
  auto session = read_start_page_answer(client.exchange(start_page_request(base_url)));
  if (!session) return std::unexpected(std::move(session).error());
  const auto answer =
      client.exchange(search_request(base_url, *std::move(form), *std::move(session), scanner));
  return read_search_answer(answer, scanner);
}

outcome cancelled_outcome() {
  return std::unexpected(fetch_error{fetch_error_kind::cancelled, "a stop was requested"});
}

}  // namespace farebench
