#include "strategy/scrape.hpp"

#include <fmt/format.h>

#include "site/search_form.hpp"

namespace farebench {
namespace {

std::optional<fetch_error> status_fault(const exchange_result& answer, std::string_view page) {
  if (!answer) return answer.error();
  if (answer->status == 200) return std::nullopt;
  return fetch_error{fetch_error_kind::unexpected_status,
                     fmt::format("{} answered with status {}", page, answer->status)};
}

}  // namespace

exchange_request start_page_request(const std::string& base_url) {
  return {.url = base_url + std::string{start_page_path}, .form = {}, .on_body = {}};
}

std::optional<fetch_error> start_page_fault(const exchange_result& answer, const http_client& client) {
  if (auto fault = status_fault(answer, "the start page")) return fault;
  if (client.has_cookie(session_cookie)) return std::nullopt;
  return fetch_error{fetch_error_kind::no_session,
                     fmt::format("the start page set no {} cookie", session_cookie)};
}

std::expected<exchange_request, fetch_error> search_request(const std::string& base_url, const query& asked,
                                                            fare_scanner& scanner) {
  auto form = search_form_body(asked);
  if (!form) return std::unexpected(std::move(form).error());
  return exchange_request{.url = base_url + std::string{search_path},
                          .form = *std::move(form),
                          .on_body = [&scanner](std::string_view piece) { scanner.feed(piece); }};
}

outcome read_search_answer(const exchange_result& answer, fare_scanner& scanner) {
  auto fares = scanner.finish();  // first, so that the remains of a failed page are gone
  if (auto fault = status_fault(answer, "the search")) return std::unexpected(*std::move(fault));
  return fares;
}

outcome scrape(const std::string& base_url, const query& asked, http_client& client, fare_scanner& scanner,
               const exchange_function& exchange) {
  auto search = search_request(base_url, asked, scanner);
  if (!search) return std::unexpected(std::move(search).error());
  client.start_session();
  if (auto fault = start_page_fault(exchange(client, start_page_request(base_url)), client)) {
    return std::unexpected(*std::move(fault));
  }
  return read_search_answer(exchange(client, *std::move(search)), scanner);
}

}  // namespace farebench
