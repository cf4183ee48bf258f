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
  auto search = search_request(work.base_url, work.query_at(*index_), scanner_);
  if (!search) {
    shared_.deliver(*std::exchange(index_, std::nullopt), std::unexpected(std::move(search).error()));
    return false;
  }
  search_ = *std::move(search);
  client_.start_session();
  shared_.loop().start(client_, start_page_request(work.base_url),
                       [this](const exchange_result& answer) { on_start_page(answer); });
  return true;
}

void scrape_machine::on_start_page(const exchange_result& answer) {
  if (auto fault = start_page_fault(answer, client_.has_cookie(session_cookie))) {
    deliver(std::unexpected(*std::move(fault)));
    return;
  }
  shared_.loop().start(client_, std::move(search_),
                       [this](const exchange_result& search) { on_search(search); });
}

void scrape_machine::on_search(const exchange_result& answer) {
  deliver(read_search_answer(answer, scanner_));
}

void scrape_machine::deliver(outcome&& result) {
  shared_.deliver(*std::exchange(index_, std::nullopt), std::move(result));
  start_next();
}

void scrape_machine::cancel() {
  if (index_) shared_.deliver(*std::exchange(index_, std::nullopt), cancelled_outcome());
}

}  // namespace farebench
