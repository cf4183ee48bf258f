#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/probe/client_protocol.hpp"
#include "bench/probe/scrape_task.hpp"
#include "farebench/strategy.hpp"

namespace farebench {

/// Runs a batch and measures it at the seams that every strategy shares: a scrape starts when its
/// query is pulled and ends when its outcome is delivered. So no strategy knows that it is measured.
class measured_batch {
 public:
  /// Takes all the memory that measuring needs now, so that it belongs to the baseline.
  explicit measured_batch(batch work);

  batch_report run(strategy& way);

 private:
  using clock = std::chrono::steady_clock;

  void deliver(std::size_t index, const outcome& result);
  std::size_t half_of_days() const { return (work_.size + 1) / 2; }

  batch work_;
  batch watched_;  // the same, with a look at each attempt
  std::size_t repeats_ = 0;
  std::vector<clock::time_point> started_;  // by index; each is written by the worker that pulls it
  std::vector<float> scrape_ms_;            // in order of completion
  fares_digest digest_;
  batch_report report_;
  clock::time_point last_outcome_;
  clock::time_point half_done_;  // when half the days had their outcome
};

/// Makes the way of that name; throws std::invalid_argument when there is none.
using way_maker = std::function<std::unique_ptr<strategy>(const std::string& name)>;

/// A strategy of the library, or the floor beneath them.
std::unique_ptr<strategy> make_way(const std::string& name);

/// All of a probe: one client process, one batch, measured; its protocol is in protocol.hpp. Returns the exit
/// code. `make` is make_way, or what decorates the ways that it makes.
int probe_program(int argc, char** argv, const way_maker& make);

}  // namespace farebench
