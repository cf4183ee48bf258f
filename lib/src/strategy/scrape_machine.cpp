#include "strategy/scrape_machine.hpp"

#include <utility>

namespace farebench {

void scrape_machine::start() {
  if (!begin()) start_next();
}

void scrape_machine::start_next() {
  for (;;) {
    const auto due = shared_.take_next(attempt_);
    if (!attempt_) return;
    if (due ? park(*due) : begin()) return;
  }
}

/// False when there was no memory for it, and the query has had its outcome.
bool scrape_machine::park(scrape_attempt::clock::time_point due) {
  return shared_.waits(attempt_, [&] { shared_.loop().wait(parked_, due, [this] { start(); }); });
}

// A state leads to the next one, or to an outcome: so each has its failures in one place. What the sink
// throws is none of them.

/// False when the attempt has failed already.
bool scrape_machine::begin() {
  outcome result;
  try {
    auto form = shared_.run().begin(attempt_);
    if (form) {
      form_ = *std::move(form);
      shared_.loop().start(client_, start_page_request(shared_.run(), attempt_, form_),
                           [this](exchange_result&& answer) { on_start_page(std::move(answer)); });
      return true;
    }
    result = std::unexpected(std::move(form).error());
  } catch (...) {
    result = outcome_of_exception();
  }
  shared_.settle(attempt_, std::move(result));
  return false;
}

void scrape_machine::on_start_page(exchange_result&& answer) {
  outcome result;
  try {
    auto session = read_start_page_answer(shared_.run().work().base_url, std::move(answer));
    if (session) {
      shared_.loop().start(
          client_, search_request(shared_.run(), attempt_, std::move(form_), *std::move(session), scanner_),
          [this](exchange_result&& search) { on_search(std::move(search)); });
      return;
    }
    result = std::unexpected(std::move(session).error());
  } catch (...) {
    result = outcome_of_exception();
  }
  settle(std::move(result));
}

void scrape_machine::on_search(exchange_result&& answer) {
  outcome result;
  try {
    result = read_search_answer(std::move(answer), scanner_);
  } catch (...) {
    result = outcome_of_exception();
  }
  settle(std::move(result));
}

void scrape_machine::settle(outcome&& result) {
  shared_.settle(attempt_, std::move(result));
  start_next();
}

void scrape_machine::cancel() { shared_.cancel(attempt_); }

}  // namespace farebench
