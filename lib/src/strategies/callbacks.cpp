#include <string>
#include <utility>

#include "farebench/event_loop.hpp"
#include "farebench/fare_scanner.hpp"
#include "strategies/loop_workers.hpp"
#include "strategies/strategies.hpp"

namespace farebench {

/// One worker as a state machine over callbacks. Each state is the function that takes the answer it
/// waits for: begin → on_start_page → on_search → begin the next → …
/// Its address is in the callbacks: it must not move.
class scrape_machine {
 public:
  scrape_machine(loop_scrapes& shared, scrape_attempt first)
      : shared_{shared}, attempt_{first}, client_{shared.loop(), shared.work().policy.exchange} {}
  scrape_machine(const scrape_machine&) = delete;
  scrape_machine& operator=(const scrape_machine&) = delete;

  /// Goes on from its first attempt until nothing is left for it.
  void start();
  /// After a stop, when the loop runs no more: the query that it has, if any, ends as cancelled.
  void cancel();

 private:
  bool begin();
  bool park(scrape_attempt::clock::time_point due);
  void start_next();
  void on_start_page(exchange_result&& answer);
  void on_search(exchange_result&& answer);
  void settle(outcome&& result);

  loop_scrapes& shared_;
  scrape_attempt attempt_;  // that it is at
  loop_client client_;
  loop_timer parked_;  // until its attempt is due
  fare_scanner scanner_;
  std::string form_;  // the query's, sent once there is a session
};

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

void multi_callbacks::run(const batch& work, const outcome_sink& sink) {
  run_on_loops(work, sink, waiting_, [](loop_scrapes& shared) {
    worker_store<scrape_machine> machines{shared.workers()};
    shared.start_workers([&](scrape_attempt first) { return &machines.emplace_back(shared, first); },
                         [](scrape_machine& machine) { machine.start(); });
    shared.run_loop();
    for (auto& machine : machines) machine.cancel();
  });
}

}  // namespace farebench
