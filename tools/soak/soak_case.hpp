#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "farebench/strategy.hpp"
#include "tools/soak/oracle.hpp"
#include "tools/soak/run_record.hpp"
#include "tools/soak/scenario.hpp"

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

/// One scenario with one seed: a site, and the strategies that are sent to it, one after the other.
struct soak_case {
  const scenario* how;
  std::uint64_t seed;
};

/// Is told how a case goes, on the thread that runs it.
class case_listener {
 public:
  /// A strategy is about to run.
  virtual void begin(std::string_view strategy) = 0;
  /// It has come home with so many outcomes.
  virtual void end(std::size_t outcomes) = 0;
  virtual void broken(std::string_view strategy, const breach& what) = 0;

 protected:
  ~case_listener() = default;
};

using strategy_maker = std::function<std::unique_ptr<strategy>(std::string_view name)>;

/// Runs a case: each strategy in turn against one mock server, then holds them to the laws, each alone and
/// all together. A run on a machine that stood still for a good part of a deadline says nothing of the client
/// when it fails: it is made again, twice at most. Throws what keeps a server from being started.
void run_case(const soak_case& what, std::span<const std::string> strategies, const strategy_maker& make,
              case_listener& listener);

/// What this process has come to hold over many runs that each looked well: to be asked after each case.
/// Counted from the fifth call, when what is made once has been made. Empty where it is nothing to speak of.
/// Not thread-safe.
std::string creep_of_this_process();

}  // namespace farebench::soak
