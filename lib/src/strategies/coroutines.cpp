#include <exception>
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
  task<outcome> make_attempt() { return shared_.run().fetches_pages() ? fetch_page() : scrape(); }
  task<outcome> scrape();
  task<outcome> fetch_page();

  // These four are functions so that temporaries are constructed on the stack. A request in a co_await
  // expression would take more than 128 bytes of the frame for as long as the worker waits.
  auto get_start_page(const std::string& form) {
    return shared_.loop().exchange(client_, start_page_request(shared_.run(), attempt_, form));
  }
  auto post_search(std::string& form, cookie_jar& session) {
    return shared_.loop().exchange(
        client_, search_request(shared_.run(), attempt_, std::move(form), std::move(session), scanner_));
  }
  auto get_page(std::string& url) {
    return shared_.loop().exchange(client_, page_request(shared_.run(), attempt_, std::move(url)));
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

task<outcome> coroutine_worker::scrape() {
  auto form = shared_.run().begin_scrape(attempt_);
  if (!form) co_return std::unexpected(std::move(form).error());
  auto session = read_session(shared_.run().search_url(), co_await get_start_page(*form));
  if (!session) co_return std::unexpected(std::move(session).error());
  co_return read_fares(co_await post_search(*form, *session), scanner_);
}

task<outcome> coroutine_worker::fetch_page() {
  auto url = shared_.run().begin_page(attempt_);
  if (!url) co_return std::unexpected(std::move(url).error());
  co_return read_page(co_await get_page(*url));
}

task<> coroutine_worker::run() {
  try {
    while (attempt_) {
      // No local variable holds the outcome: it would be a second one in the frame.
      try {
        shared_.run().finish_attempt(attempt_, co_await make_attempt());
      } catch (...) {
        // Thrown by finish_attempt, which first takes the attempt.
        if (!attempt_) throw;
        shared_.run().finish_attempt(attempt_, std::unexpected(resource_error()));
      }
      co_await next_attempt();
    }
  } catch (...) {
    shared_.run().fail(std::current_exception());
  }
}

}  // namespace

/// Runs W coroutines on the event loops.
void run_coroutines(const transport& http, const batch& work, const outcome_sink& sink) {
  run_on_loops(http, work, sink, [](loop_workers& shared) { shared.run_all<coroutine_worker>(); });
}

}  // namespace farebench
