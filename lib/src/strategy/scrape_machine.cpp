#include "strategy/scrape_machine.hpp"

#include <utility>

namespace farebench {

void scrape_machine::start() {
  if (!begin()) start_next();
}

void scrape_machine::start_next() {
  do {
    if (const auto due = shared_.take_next(attempt_)) {
      shared_.loop().wait(parked_, *due, [this] { start(); });
      return;
    }
  } while (attempt_ && !begin());
}

/// False when the attempt has failed already.
bool scrape_machine::begin() {
  auto form = shared_.run().begin(attempt_);
  if (!form) {
    shared_.settle(attempt_, std::unexpected(std::move(form).error()));
    return false;
  }
  form_ = *std::move(form);
  shared_.loop().start(client_, start_page_request(shared_.run(), attempt_, form_),
                       [this](exchange_result&& answer) { on_start_page(std::move(answer)); });
  return true;
}

void scrape_machine::on_start_page(exchange_result&& answer) {
  auto session = read_start_page_answer(shared_.run(), std::move(answer));
  if (!session) {
    settle(std::unexpected(std::move(session).error()));
    return;
  }
  shared_.loop().start(
      client_, search_request(shared_.run(), attempt_, std::move(form_), *std::move(session), scanner_),
      [this](exchange_result&& search) { on_search(std::move(search)); });
}

void scrape_machine::on_search(exchange_result&& answer) {
  settle(read_search_answer(std::move(answer), scanner_));
}

void scrape_machine::settle(outcome&& result) {
  shared_.settle(attempt_, std::move(result));
  start_next();
}

void scrape_machine::cancel() { shared_.cancel(attempt_); }

}  // namespace farebench
