#pragma once

#include <cstddef>
#include <optional>
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
  explicit scrape_machine(loop_scrapes& shared)
      : shared_{shared}, client_{shared.loop(), shared.work().limits} {}
  scrape_machine(const scrape_machine&) = delete;
  scrape_machine& operator=(const scrape_machine&) = delete;

  /// Begins with that query, and goes on with the next ones until none is left.
  void start(std::size_t first);
  /// After a stop, when the loop runs no more: the query that it has, if any, ends as cancelled.
  void cancel();

 private:
  bool begin();
  void start_next();
  void on_start_page(const exchange_result& answer);
  void on_search(const exchange_result& answer);
  void deliver(outcome&& result);

  loop_scrapes& shared_;
  loop_client client_;
  fare_scanner scanner_;
  std::optional<std::size_t> index_;  // the query that it has
  std::string form_;                  // the query's, sent once there is a session
};

}  // namespace farebench
