#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bench/probe/batch_recorder.hpp"
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
  void deliver(std::size_t index, const outcome& result);
  std::string name_of(std::size_t index) const;

  batch work_;
  // work_ with callbacks that measure.
  batch instrumented_;
  std::size_t retries_ = 0;
  batch_recorder recorder_;
  fares_digest fares_;
  // Absent if the items are queries.
  std::optional<page_digest> pages_;
};

/// Creates the strategy of that name. Throws std::invalid_argument for an unknown name.
using strategy_factory = std::function<std::unique_ptr<strategy>(const std::string& name)>;

/// Creates a strategy of the library or raw_epoll.
std::unique_ptr<strategy> make_probe_strategy(const std::string& name);

/// Main function of fetch_probe: runs one batch as client_protocol.hpp describes. Returns the exit code.
/// `make` is make_probe_strategy or decorates its strategies.
int probe_program(int argc, char** argv, const strategy_factory& make);

}  // namespace farebench
