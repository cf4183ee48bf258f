#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bench/probe/batch_recorder.hpp"
#include "bench/probe/client_protocol.hpp"
#include "bench/probe/get_task.hpp"
#include "bench/probe/scrape_task.hpp"
#include "farebench/strategy.hpp"
#include "farebench/transport.hpp"

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

/// Creates a strategy of the transport, or raw_epoll. Throws std::invalid_argument for an unknown name.
std::unique_ptr<strategy> make_probe_strategy(const std::string& name, const transport& http);

/// A client program that runs the strategies of one transport and the floor.
struct probe {
  /// Name of the program.
  std::string_view name;
  const transport& http;
  std::string_view default_strategy;
  /// make_probe_strategy, or a decorator of its strategies.
  std::unique_ptr<strategy> (*make)(const std::string& name, const transport& http) = make_probe_strategy;
};

/// Main function of a probe: runs one batch as client_protocol.hpp describes. Returns the exit code.
int probe_program(int argc, char** argv, const probe& of);

}  // namespace farebench
