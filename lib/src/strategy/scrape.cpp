#include "strategy/scrape.hpp"

#include <fmt/format.h>

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
  return exchange_request{base_url + std::string{start_page_path}};
}

std::optional<fetch_error> start_page_fault(const exchange_result& answer, bool has_session) {
  if (auto fault = status_fault(answer, "the start page")) return fault;
  if (has_session) return std::nullopt;
  return fetch_error{fetch_error_kind::no_session,
                     fmt::format("the start page set no {} cookie", session_cookie)};
}

std::expected<exchange_request, fetch_error> search_request(const std::string& base_url, const query& asked,
                                                            fare_scanner& scanner) {
  auto form = search_form_body(asked);
  if (!form) return std::unexpected(std::move(form).error());
  return exchange_request{base_url + std::string{search_path}, *std::move(form),
                          [&scanner](std::string_view piece) { scanner.feed(piece); }};
}

outcome read_search_answer(const exchange_result& answer, fare_scanner& scanner) {
  auto fares = scanner.finish();  // first, so that the remains of a failed page are gone
  if (auto fault = status_fault(answer, "the search")) return std::unexpected(*std::move(fault));
  return fares;
}

outcome scrape(const std::string& base_url, const query& asked, blocking_client& client,
               fare_scanner& scanner) {
  auto search = search_request(base_url, asked, scanner);
  if (!search) return std::unexpected(std::move(search).error());
  client.start_session();
  const auto start_page = client.exchange(start_page_request(base_url));
  if (auto fault = start_page_fault(start_page, client.has_cookie(session_cookie))) {
    return std::unexpected(*std::move(fault));
  }
  return read_search_answer(client.exchange(*std::move(search)), scanner);
}

outcome cancelled_outcome() {
  return std::unexpected(fetch_error{fetch_error_kind::cancelled, "a stop was requested"});
}

}  // namespace farebench
