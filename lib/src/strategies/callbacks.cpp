#include <optional>
#include <string>
#include <utility>

#include "farebench/event_loop.hpp"
#include "farebench/fare_scanner.hpp"
#include "strategies/loop_workers.hpp"
#include "strategies/scrape.hpp"
#include "strategies/strategies.hpp"

namespace farebench {
namespace {

/// An attempt as a state machine. Of a scrape: begin → on_start_page → on_search → begin the next attempt; of
/// a page: begin → on_page → begin the next. Each state handles the response that the state before it
/// requested. Does not move: callbacks hold its address.
class callback_worker {
 public:
  callback_worker(loop_workers& shared, scrape_attempt first)
      : shared_{shared}, attempt_{first}, client_{shared.loop(), shared.limits()} {}
  callback_worker(const callback_worker&) = delete;
  callback_worker& operator=(const callback_worker&) = delete;

  /// Begins attempts until one waits for a response or for its time, or no query is left.
  void start();
  scrape_attempt& attempt() { return attempt_; }

 private:
  // The states. Each returns the outcome that ends the attempt, or nullopt once the next response is awaited.
  std::optional<outcome> begin() { return shared_.run().fetches_pages() ? begin_page() : begin_scrape(); }
  std::optional<outcome> begin_scrape();
  std::optional<outcome> on_start_page(exchange_result&& response);
  std::optional<outcome> on_search(exchange_result&& response);
  std::optional<outcome> begin_page();
  std::optional<outcome> on_page(exchange_result&& response);

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

std::optional<outcome> callback_worker::begin_scrape() {
  auto form = shared_.run().begin_scrape(attempt_);
  if (!form) return std::unexpected(std::move(form).error());
  form_ = *std::move(form);
  shared_.loop().start(
      client_, start_page_request(shared_.run(), attempt_, form_),
      [this](exchange_result&& response) { resume([&] { return on_start_page(std::move(response)); }); });
  return std::nullopt;
}

std::optional<outcome> callback_worker::on_start_page(exchange_result&& response) {
  auto session = read_session(shared_.run().search_url(), std::move(response));
  if (!session) return std::unexpected(std::move(session).error());
  shared_.loop().start(
      client_, search_request(shared_.run(), attempt_, std::move(form_), *std::move(session), scanner_),
      [this](exchange_result&& search) { resume([&] { return on_search(std::move(search)); }); });
  return std::nullopt;
}

std::optional<outcome> callback_worker::on_search(exchange_result&& response) {
  return read_fares(std::move(response), scanner_);
}

std::optional<outcome> callback_worker::begin_page() {
  auto url = shared_.run().begin_page(attempt_);
  if (!url) return std::unexpected(std::move(url).error());
  shared_.loop().start(
      client_, page_request(shared_.run(), attempt_, *std::move(url)),
      [this](exchange_result&& response) { resume([&] { return on_page(std::move(response)); }); });
  return std::nullopt;
}

std::optional<outcome> callback_worker::on_page(exchange_result&& response) {
  return read_page(std::move(response));
}

void callback_worker::start() {
  while (attempt_) {
    if (waits_after([this] { return begin(); }) || waits_for_next_attempt()) return;
  }
}

/// Enters a state when the response that it handles has arrived.
template <typename State>
void callback_worker::resume(State&& state) {
  if (!waits_after(state) && !waits_for_next_attempt()) start();
}

/// Runs a state. Returns true if the attempt awaits another response; otherwise finishes it.
template <typename State>
bool callback_worker::waits_after(State&& state) {
  auto result = or_out_of_resources(state);
  if (!result) return true;
  shared_.run().finish_attempt(attempt_, *std::move(result));
  return false;
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
void run_callbacks(const transport& http, const batch& work, const outcome_sink& sink) {
  run_on_loops(http, work, sink, [](loop_workers& shared) { shared.run_all<callback_worker>(); });
}

}  // namespace farebench
