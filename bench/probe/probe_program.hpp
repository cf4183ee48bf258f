#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/probe/client_protocol.hpp"
#include "bench/probe/get_task.hpp"
#include "bench/probe/scrape_task.hpp"
#include "farebench/strategy.hpp"

namespace farebench {

/// Runs a batch and measures it through the callbacks that all strategies share: an item starts with the
/// first call of query_at or path_at and ends with its outcome.
class measured_batch {
 public:
  /// Replaces pages.on_body, if any. Allocates the memory for the measurement, so that it is part of the
  /// baseline.
  explicit measured_batch(batch work);

  /// Throws as strategy::run. Call it once.
  batch_report run(strategy& runner);

 private:
  using clock = std::chrono::steady_clock;

  void begin(std::size_t index);
  void deliver(std::size_t index, const outcome& result);
  std::string name_of(std::size_t index) const;
  std::size_t half_of_items() const { return (work_.size + 1) / 2; }

  batch work_;
  // work_ with callbacks that measure.
  batch instrumented_;
  std::size_t retries_ = 0;
  // By index. Written by the worker that starts the item.
  std::vector<clock::time_point> started_;
  // In order of completion.
  std::vector<float> item_ms_;
  fares_digest fares_;
  // Absent if the items are queries.
  std::optional<page_digest> pages_;
  batch_report report_;
  clock::time_point last_outcome_;
  clock::time_point half_done_;
};

/// Creates the strategy of that name. Throws std::invalid_argument for an unknown name.
using strategy_factory = std::function<std::unique_ptr<strategy>(const std::string& name)>;

/// Creates a strategy of the library or raw_epoll.
std::unique_ptr<strategy> make_probe_strategy(const std::string& name);

/// Main function of fetch_probe: runs one batch as client_protocol.hpp describes. Returns the exit code.
/// `make` is make_probe_strategy or decorates its strategies.
int probe_program(int argc, char** argv, const strategy_factory& make);

}  // namespace farebench
