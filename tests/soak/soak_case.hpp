#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "farebench/strategy.hpp"
#include "tests/soak/breach.hpp"
#include "tests/soak/scenario.hpp"

namespace farebench::soak {

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

}  // namespace farebench::soak
