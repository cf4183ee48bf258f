#include "strategy/scrape_machine.hpp"

#include <utility>

namespace farebench {

void scrape_machine::start(std::size_t first) {
  index_ = first;
  if (!begin()) start_next();
}

void scrape_machine::start_next() {
  while ((index_ = shared_.next())) {
    if (begin()) return;
  }
}

/// False when the query has failed already.
bool scrape_machine::begin() {
  const batch& work = shared_.work();
  auto form = search_form_body(work.query_at(*index_));
  if (!form) {
    shared_.deliver(index_, std::unexpected(std::move(form).error()));
    return false;
  }
  form_ = *std::move(form);
  shared_.loop().start(client_, start_page_request(work.base_url),
                       [this](const exchange_result& answer) { on_start_page(answer); });
  return true;
}

void scrape_machine::on_start_page(const exchange_result& answer) {
  auto session = read_start_page_answer(answer);
  if (!session) {
    deliver(std::unexpected(std::move(session).error()));
    return;
  }
  shared_.loop().start(
      client_, search_request(shared_.work().base_url, std::move(form_), *std::move(session), scanner_),
      [this](const exchange_result& search) { on_search(search); });
}

void scrape_machine::on_search(const exchange_result& answer) {
  deliver(read_search_answer(answer, scanner_));
}

void scrape_machine::deliver(outcome&& result) {
  shared_.deliver(index_, std::move(result));
  start_next();
}

void scrape_machine::cancel() { shared_.cancel(std::exchange(index_, std::nullopt)); }

}  // namespace farebench
