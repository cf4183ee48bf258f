#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "farebench/event_loop.hpp"
#include "farebench/task.hpp"
#include "strategies/loop_workers.hpp"
#include "strategies/scrape.hpp"
#include "strategies/strategies.hpp"

namespace farebench {
namespace {

/// The blocking code as coroutines, with co_await at each exchange.
class coroutine_worker {
 public:
  coroutine_worker(loop_workers& shared, scrape_attempt first)
      : shared_{shared}, attempt_{first}, task_{run()}, client_{shared.loop(), shared.limits()} {}

  void start() { task_.start(); }
  scrape_attempt& attempt() { return attempt_; }

 private:
  task<> run();
  // Each makes a whole attempt.
  task<> make_attempt() { return shared_.run().scrapes() ? scrape() : fetch(); }
  task<> scrape();
  task<> fetch();

  // These functions exist so that temporaries are constructed on the stack. A request in a co_await
  // expression would take more than 128 bytes of the frame for as long as the worker waits.
  auto get_start_page(const std::string& form) {
    return shared_.loop().exchange(client_, start_page_request(shared_.run(), attempt_, form));
  }
  auto post_search(std::string& form, cookie_jar& session) {
    return shared_.loop().exchange(
        client_, search_request(shared_.run(), attempt_, std::move(form), std::move(session), scanner_));
  }
  /// Starts the exchange of a page or an exchange. Returns false after ending the attempt.
  bool start_fetch(std::optional<event_loop::exchange_awaiter>& response) {
    auto request = begin_fetch(shared_.run(), attempt_);
    if (!request) return false;
    response.emplace(shared_.loop(), client_, *std::move(request));
    return true;
  }
  auto next_attempt() {
    return shared_.next_attempt(attempt_, [this](auto due) { return shared_.loop().wait_until(due); });
  }

  loop_workers& shared_;
  scrape_attempt attempt_;
  // Before the client, and so destroyed after it: the coroutine may wait for the client.
  task<> task_;
  loop_client client_;
  fare_scanner scanner_;
};

task<> coroutine_worker::scrape() {
  batch_run& run = shared_.run();
  auto form = run.begin_scrape(attempt_);
  if (!form) co_return run.fail_attempt(attempt_, std::move(form).error());
  auto session = read_session(run.search_url(), co_await get_start_page(*form));
  if (!session) co_return run.fail_attempt(attempt_, std::move(session).error());
  run.finish_attempt(attempt_, read_fares(co_await post_search(*form, *session), scanner_));
}

task<> coroutine_worker::fetch() {
  std::optional<event_loop::exchange_awaiter> response;
  if (!start_fetch(response)) co_return;
  // GCC 12 would copy the operand of `co_await *response`.
  auto& awaiter = *response;
  finish_fetch(shared_.run(), attempt_, co_await awaiter);
}

task<> coroutine_worker::run() {
  try {
    while (attempt_) {
      try {
        co_await make_attempt();
      } catch (...) {
        // Thrown by the end of the attempt, which first takes it.
        if (!attempt_) throw;
        shared_.run().fail_attempt(attempt_, resource_error());
      }
      co_await next_attempt();
    }
  } catch (...) {
    shared_.run().fail(std::current_exception());
  }
}

}  // namespace

/// Runs W coroutines on the event loops.
void run_coroutines(const transport& http, const run_items& items) {
  run_on_loops(http, items, [](loop_workers& shared) { shared.run_all<coroutine_worker>(); });
}

}  // namespace farebench
