#pragma once

#include <string>

#include "farebench/event_loop.hpp"
#include "farebench/fare_scanner.hpp"
#include "strategy/loop_scrapes.hpp"

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

}  // namespace farebench
