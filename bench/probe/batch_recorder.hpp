#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/probe/client_protocol.hpp"

namespace farebench {

/// Measures a batch: the times of its items, CPU time and context switches.
class batch_recorder {
 public:
  /// Allocates the memory for the measurement, and touches it, so that it is part of the baseline.
  explicit batch_recorder(std::size_t items);

  std::size_t items() const { return started_.size(); }

  /// Begins the batch. Call it once, before the first item.
  void begin();
  /// Starts an item. Later calls for the same item do nothing. Calls for different items may overlap.
  void start(std::size_t index);
  /// Records the outcome of an item that has started. Calls must not overlap, nor those of fail().
  void finish(std::size_t index);
  /// Records an item's error.
  void fail(std::size_t index, std::string text);

  /// Ends the batch. Returns its report without digest, fares, attempts and version. Call it once.
  batch_report report();

 private:
  using clock = std::chrono::steady_clock;

  struct usage {
    double cpu_us = 0;
    std::uint64_t context_switches = 0;
  };
  static usage current_usage();
  std::size_t half_of_items() const { return (items() + 1) / 2; }

  usage before_;
  // By index. Written by the thread that starts the item.
  std::vector<clock::time_point> started_;
  // In order of completion. Times above 71 minutes count as such.
  std::vector<std::uint32_t> item_us_;
  batch_report report_;
  clock::time_point last_outcome_;
  clock::time_point half_done_;
};

}  // namespace farebench
