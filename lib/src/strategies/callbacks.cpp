#include <string>
#include <utility>

#include "farebench/event_loop.hpp"
#include "farebench/fare_scanner.hpp"
#include "strategies/loop_workers.hpp"
#include "strategies/scrape.hpp"
#include "strategies/strategies.hpp"

namespace farebench {
namespace {

/// An attempt as a state machine. Of a scrape: begin_scrape → on_start_page → on_search → begin the next
/// attempt; of a page or an exchange: begin → on_response → begin the next. Each state handles the response
/// that the state before it requested. Does not move: callbacks hold its address.
class callback_worker {
 public:
  callback_worker(loop_workers& shared, scrape_attempt first)
      : shared_{shared}, attempt_{first}, client_{shared.loop(), shared.limits()} {}
  callback_worker(const callback_worker&) = delete;
  callback_worker& operator=(const callback_worker&) = delete;

  /// Begins attempts until one waits for a response or for its time, or no item is left.
  void start();
  scrape_attempt& attempt() { return attempt_; }

 private:
  // The states. Each requests the next response or ends the attempt.
  void begin_scrape();
  void on_start_page(exchange_result&& response);
  void on_search(exchange_result&& response);
  void begin();
  void on_response(exchange_result&& response);

  batch_run& run() { return shared_.run(); }
  template <typename State>
  void resume(State&& state);
  template <typename State>
  bool waits_after(State&& state);
  bool waits_for_next_attempt();

  loop_workers& shared_;
  scrape_attempt attempt_;
  loop_client client_;
  loop_timer timer_;
  fare_scanner scanner_;
  std::string form_;
};

void callback_worker::begin_scrape() {
  auto form = run().begin_scrape(attempt_);
  if (!form) return run().fail_attempt(attempt_, std::move(form).error());
  form_ = *std::move(form);
  shared_.loop().start(
      client_, start_page_request(run(), attempt_, form_),
      [this](exchange_result&& response) { resume([&] { on_start_page(std::move(response)); }); });
}

void callback_worker::on_start_page(exchange_result&& response) {
  auto session = read_session(run().search_url(), std::move(response));
  if (!session) return run().fail_attempt(attempt_, std::move(session).error());
  shared_.loop().start(client_,
                       search_request(run(), attempt_, std::move(form_), *std::move(session), scanner_),
                       [this](exchange_result&& search) { resume([&] { on_search(std::move(search)); }); });
}

void callback_worker::on_search(exchange_result&& response) {
  run().finish_attempt(attempt_, read_fares(std::move(response), scanner_));
}

void callback_worker::begin() {
  if (run().scrapes()) return begin_scrape();
  auto request = begin_fetch(run(), attempt_);
  if (!request) return;
  shared_.loop().start(client_, *std::move(request), [this](exchange_result&& response) {
    resume([&] { on_response(std::move(response)); });
  });
}

void callback_worker::on_response(exchange_result&& response) {
  finish_fetch(run(), attempt_, std::move(response));
}

void callback_worker::start() {
  while (attempt_) {
    if (waits_after([this] { begin(); }) || waits_for_next_attempt()) return;
  }
}

/// Enters a state when the response that it handles has arrived.
template <typename State>
void callback_worker::resume(State&& state) {
  if (!waits_after(state) && !waits_for_next_attempt()) start();
}

/// Runs a state. Returns true if the attempt awaits another response, false if it has ended.
template <typename State>
bool callback_worker::waits_after(State&& state) {
  make_step(run(), attempt_, state);
  return static_cast<bool>(attempt_);
}

/// Gets the next attempt, if any. Returns true if it is not due yet.
bool callback_worker::waits_for_next_attempt() {
  return shared_.next_attempt(attempt_, [this](auto due) {
    shared_.loop().wait(timer_, due, [this] { start(); });
    return true;
  });
}

}  // namespace

/// Runs W state machines on the event loops.
void run_callbacks(const transport& http, const run_items& items) {
  run_on_loops(http, items, [](loop_workers& shared) { shared.run_all<callback_worker>(); });
}

}  // namespace farebench
