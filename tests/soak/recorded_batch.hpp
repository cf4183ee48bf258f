#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "farebench/strategy.hpp"
#include "tests/soak/run_record.hpp"
#include "tests/soak/scenario.hpp"

namespace farebench::soak {

/// What this process holds now.
held_resources held_now();

/// The batch that a plan asks for: consecutive days of one route.
batch batch_of(const soak_plan& plan, const std::string& url);

/// What to do to the site while a batch runs: called once, on the calling thread, when a third of the
/// outcomes are home.
using disturbance = std::function<void()>;

/// How a run went.
struct recorded {
  run_record run;  ///< without the server's log
  /// The longest that a thread of this process which wanted to run did not: how far clocks can be trusted.
  std::chrono::milliseconds stall{0};
};

/// Runs a batch in a thread of its own, and writes down all that can be seen of it from outside.
recorded record_batch(strategy& how, const batch& work, const soak_plan& plan, const disturbance& disturb);

}  // namespace farebench::soak
